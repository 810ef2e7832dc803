/** Whether this machine can find hosts by multicast: its links are opened as discovery would, and each has to hear itself. */
import { nodeClock, nodeRandom } from '@espalier/core/internal/clock.js';
import type { LinkStatus } from './mdns/link.js';
import { javascriptBackend } from './mdns/javascript-backend.js';
import { probeNative } from './native/probe-native.js';
import type { Problem } from './problem.js';
import { Problems } from './problems.js';

export interface DiscoveryTrial {
  /** Why the responder of the system cannot be taken; undefined: it can. It is not tried: its links are of its own choice. */
  readonly nativeMissing: string | undefined;
  /** Those of the backend in JavaScript, by interface and family of addresses. */
  readonly links: readonly LinkStatus[];
  readonly problems: readonly Problem[];
}

export interface TrialOptions {
  /** Waits so many milliseconds, and holds the process meanwhile: nothing else of the trial does. */
  readonly pause: (delayMs: number) => Promise<unknown>;
  /** By name. Default: all that are up and lead out of the machine. */
  readonly interfaces?: readonly string[];
}

/** A link that hears nothing for 3 s is deaf. */
const LONGEST_MS = 4000;
const LOOK_MS = 50;
/** Links are opened one after the other. */
const SETTLED_MS = 300;

/** Takes 0.3 s where all is well, 4 s at most. Nothing is said on the link of this host. Never rejects. */
export async function tryDiscovery({ pause, interfaces }: TrialOptions): Promise<DiscoveryTrial> {
  const problems = new Problems();
  const clock = nodeClock();
  const backend = javascriptBackend({
    clock,
    random: nodeRandom,
    hostLabel: 'trial',
    interfaces,
    problems,
  });
  const startedAt = clock.now();
  const isOver = (): boolean => {
    const { links } = backend.status();
    const tookMs = clock.now() - startedAt;
    const isDecided =
      links.length > 0 ? links.every(({ hearing }) => hearing !== 'trying') : problems.all.length > 0;
    return (isDecided && tookMs >= SETTLED_MS) || tookMs >= LONGEST_MS;
  };
  while (!isOver()) await pause(LOOK_MS);
  const { links } = backend.status();
  const { all } = problems;
  await backend.close();
  const native = probeNative();
  return { nativeMissing: 'missing' in native ? native.missing : undefined, links, problems: all };
}
