export { describeDifference } from './apply/describe.js';
export { firstDifference } from './apply/difference.js';
export { ApplyError, culprit } from './host/apply.js';
export { Host } from './host/host.js';
export { childPath } from './host/events.js';
export { start } from './host/start.js';
export { eventRecord } from './log-events/event-record.js';
export { eventLevel, logEvents } from './log-events/log-events.js';
export { OutputLines } from './output-lines/output-lines.js';
export { wholeLimits } from './spec/changed-limits.js';
export {
  checkSpec,
  DEFAULTS,
  loadSpec,
  normaliseSpec,
  NOT_BUILT,
  parseSpec,
  readSpecFile,
  readSpecText,
} from './spec/index.js';

export type { Change, Difference } from './apply/difference.js';
export type { FieldChange } from './apply/field-changes.js';
export type { ApplyOptions, ApplyResult } from './host/apply.js';
export type { TreeEvent } from './host/events.js';
export type { ChildCounts } from '@espalier/core/internal/supervisor-logic.js';
export type { ChildInfo, ExtraArguments } from './host/children.js';
export type { LimitsChanged } from './host/limits.js';
export type { StopResult } from './host/host.js';
export type { StartedChild, StartedNode } from './host/started-child.js';
export type { NodeUsage } from './host/usage.js';
export type { StartOptions } from './host/start.js';
export type { EventRecord } from './log-events/event-record.js';
export type { Logger } from './log-events/log-events.js';
export type { LineSink, OutputStream } from './output-lines/output-lines.js';
export type * from './spec/index.js';
