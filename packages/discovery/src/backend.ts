/**
 * What a backend does for discovery: it carries TXT data under instance names to and from the link. It is believed
 * in nothing: what is true of hosts and names is decided by signatures, in the directory.
 */
import type { Browser } from './mdns/querier.js';
import type { LinkStatus } from './mdns/link.js';
import type { Publication } from './mdns/responder.js';
import type { ServiceFacts } from './mdns/service.js';
import type { Txt } from './records/txt.js';

export interface BackendStatus {
  readonly links: readonly LinkStatus[];
  /** Packets dropped since the start: no DNS, or more than one sender may send. */
  readonly dropped: { readonly malformed: number; readonly flood: number };
}

export interface Backend {
  /** `asked` is called when somebody on the link wants this instance's TXT data, so that it can be renewed. */
  publish(facts: ServiceFacts, txt: Txt, asked: () => void): Publication;
  browse(type: string, browser: Browser): void;
  /** Wants an instance's TXT data; it comes as `found`. */
  refresh(type: string, label: string): void;
  status(): BackendStatus;
  /** Says goodbye for all that is published, and ends. */
  close(): Promise<void>;
}
