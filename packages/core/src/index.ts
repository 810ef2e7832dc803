export { ERROR_CODES } from './error-codes.js';
export {
  CallError,
  EnvironmentError,
  EspalierError,
  HostError,
  SpecError,
  SupervisionError,
} from './errors.js';
export { EXIT_TAGS, GUEST_EXIT_TAGS, isExpectedEnd } from './exit-reason.js';
export { Address } from './guest/address.js';
export { IGNORE, Refusal, concurrent, environment, server, task } from './guest/behaviour.js';

export type { ErrorCode, ErrorCodeEntry, ErrorKind } from './error-codes.js';
export type { ErrorFacts, SpecProblem } from './errors.js';
export type { ExitReason, ExitTag, GuestExitTag } from './exit-reason.js';
export type {
  Behaviour,
  EnvironmentBehaviour,
  EnvironmentDefinition,
  Handlers,
  Ignore,
  Server,
  ServerContext,
  ServerDefinition,
  Task,
} from './guest/behaviour.js';
export type {
  CallOptions,
  Context,
  Destination,
  Exit,
  ReceiveOptions,
  SendOptions,
  Spawned,
  SpawnOptions,
  SpawnRequest,
  Statistics,
  TimerHandle,
} from './guest/context.js';
export type { Match } from './guest/mailbox.js';
export type {
  Monitor,
  Received,
  ReceivedCall,
  ReceivedCast,
  ReceivedDown,
  ReceivedExit,
  ReceivedMessage,
} from './guest/received.js';
export type { Ref } from './guest/ref.js';
export type { LogLevel, LogRecord } from './log-record.js';
export type { PoolTask } from './pool/pool-types.js';
export type { OverflowPolicy } from './protocol/notices.js';
