/**
 * SIGINT, SIGTERM and SIGHUP: the first asks for a clean stop, the second kills. Signals that come within
 * 500 ms are one: npm hands on to its child what the terminal has sent to it already.
 */
export const ONE_SIGNAL_MS = 500;

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export type StopSignal = (typeof SIGNALS)[number];

export interface StopSignals {
  /** Resolves at the first signal. */
  readonly first: Promise<StopSignal>;
  /** Signals have their usual effect again. */
  close(): void;
}

export interface SignalSource {
  on(signal: StopSignal, listener: (signal: StopSignal) => void): unknown;
  off(signal: StopSignal, listener: (signal: StopSignal) => void): unknown;
}

export function watchSignals(
  source: SignalSource,
  nowMs: () => number,
  second: (signal: StopSignal) => void,
): StopSignals {
  let close = (): void => undefined;
  const first = new Promise<StopSignal>((resolve) => {
    let firstAtMs: number | undefined;
    const listener = (signal: StopSignal): void => {
      if (firstAtMs === undefined) {
        firstAtMs = nowMs();
        resolve(signal);
      } else if (nowMs() - firstAtMs >= ONE_SIGNAL_MS) {
        second(signal);
      }
    };
    for (const signal of SIGNALS) source.on(signal, listener);
    close = () => {
      for (const signal of SIGNALS) source.off(signal, listener);
    };
  });
  return { first, close: () => close() };
}
