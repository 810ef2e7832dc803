/** What a thread gets so that it can take its place under a test clock. Plain data: it goes from thread to thread. */

/** The clock itself, as a host is given it. */
export interface TestClockShare {
  readonly memory: SharedArrayBuffer;
  readonly kernel: KernelSettings;
  readonly guests: GuestTime;
}

export interface KernelSettings {
  /** Of its chance. */
  readonly seed: number;
  /** Real milliseconds that a thread has to end once it was told to. */
  readonly hungAfterMs: number;
}

/** How time looks to guest code. */
export interface GuestTime {
  /** Whether the globals that know of time follow the clock. */
  readonly globals: boolean;
  /** What `Date.now()` says when the clock is at 0. */
  readonly epochMs: number;
}

interface Ticket {
  readonly memory: SharedArrayBuffer;
  readonly seat: number;
  /** The number of its control link; its own end is side 1. */
  readonly control: number;
}

export interface GuestTicket extends Ticket, GuestTime {}

export interface KernelTicket extends Ticket, KernelSettings {
  /** The number of the worker's own port. */
  readonly port: number;
  readonly guests: GuestTime;
}
