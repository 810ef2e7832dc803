export { startDiscovery } from './start-discovery.js';
export { tryDiscovery, type DiscoveryTrial, type TrialOptions } from './try-discovery.js';

export type {
  AdvertiseOptions,
  Advertisement,
  DirectoryExchange,
  ExchangePart,
  Holding,
} from '@espalier/core/directory';
export type { BackendStatus } from './backend.js';
export type { HostEvent, HostEventKind, HostInfo } from './directory/directory.js';
export type { Holder, NameEvent, NameEventKind, NameState } from './directory/name-state.js';
export type { StaticHost } from './directory/static-hosts.js';
export type { Discovery, DiscoveryStatus, ResolveOptions, Watch } from './discovery.js';
export type { LinkStatus } from './mdns/link.js';
export type { DiscoveryOptions, DiscoveryTime } from './options.js';
export type { Problem, ProblemCode } from './problem.js';
export type { Epoch, Refusal } from './records/host-record.js';
