/** For the package `supervisor`: what a host is made of. */
export { DEFAULT_TERMS } from '../guest/route.js';
export { isBehaviour } from '../guest/behaviour.js';
export { Runtime } from '../guest/runtime.js';
export { ImageBuilder } from '../images/image-builder.js';
export { bootValue } from '../threads/boot-value.js';
export { decodeReason } from '../threads/decode-reason.js';
export { endProcess } from '../threads/end-process.js';
export { announceExit, exitHandshake } from '../threads/exit-handshake.js';
export { hostFlagsThatOverrideLimits } from '../threads/host-flags.js';
export { nodeAfterTurn } from '../threads/node-after-turn.js';
export { nodeNextTurn } from '../threads/node-clock.js';
export { nodeTextCodec } from '../threads/node-text-codec.js';
export { opaqueValue, readOpaqueValue } from '../threads/opaque-value.js';
export { PortLink } from '../threads/port-link.js';
export { garbageCollector } from '../threads/start-guest.js';
export { realTime } from '../threads/thread-time.js';
export { applicationTestTime } from '../threads/test-clock/test-time.js';
export { THREAD_FILES } from '../threads/thread-files.js';
export { startKernel } from '../threads/start-kernel.js';

export type { EnvironmentSpec, KernelEvent, NodeStart, TreeSnapshot, WallLimits } from '../kernel/index.js';
export type { Image } from '../images/image.js';
export type { MailboxTerms } from '../protocol/notices.js';
export type { InspectQuery, SuperviseOperation } from '../protocol/system-calls.js';
export type { ApplicationTime } from '../threads/thread-time.js';
export type { FromKernel, HostFacts, KernelSetup, ToKernel } from '../threads/start-kernel.js';
