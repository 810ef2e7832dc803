/** The story that `start.mjs` tells: visitors come to two tenants, first in peace, then while five others do their worst. */
import { fileURLToPath } from 'node:url';
import { paintFor } from '@espalier/cli';
import { start, type Host, type TreeEvent } from '@espalier/supervisor';
import { visit, type Visits } from './load.js';

export interface StoryOptions {
  /** Of peace, and of storm. */
  readonly seconds: number;
  /** Visits of each of the two. */
  readonly perSecond: number;
  /** The last line is one JSON object. */
  readonly json: boolean;
}

export interface Outcome {
  readonly calm: readonly Visits[];
  readonly storm: readonly Visits[];
  /** Of each hostile tenant: how often it has ended, by reason. */
  readonly ends: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Visits of the two that behave. */
  readonly failed: number;
}

const SPEC = fileURLToPath(new URL('../tenants.espalier.yaml', import.meta.url));
const GOOD = ['blue', 'green'];
export const HOSTILE = ['leaky', 'looping', 'crashing', 'aborting', 'flooding'];
/** How often each hostile tenant is visited, and so begins anew, in a second. */
const PROVOKED_PER_SECOND = 5;

/** Resolves with the exit code: 0 if no visit of a well-behaved tenant has failed. */
export async function tell({ seconds, perSecond, json }: StoryOptions): Promise<number> {
  const say = (text: string): void => void process.stdout.write(`${text}\n`);
  const paint = paintFor(process.stdout, process.env);
  say(`${perSecond} visits a second to each of ${GOOD.join(' and ')}: ${seconds} s in peace …`);
  const ends: Record<string, Record<string, number>> = {};
  const host = await start(SPEC, {
    onEvent: (event) => {
      count(ends, event);
    },
    // What the flooding one prints, as far as it may.
    onOutput: () => undefined,
    onWarning: (problem) => say(paint('dim', problem)),
  });
  const { calm, storm } = await both(host, { seconds, perSecond }, () =>
    say(`… and ${seconds} s while ${HOSTILE.join(', ')} are visited too.\n`),
  ).finally(() => host.stop());
  say(`\n${table(calm, storm)}`);
  for (const [tenant, reasons] of Object.entries(ends)) {
    const list = Object.entries(reasons).map(([reason, times]) => `${times} × ${reason}`);
    say(`${tenant.padEnd(10)}ended ${list.join(', ')}`);
  }
  const failed = [...calm, ...storm].reduce((sum, visits) => sum + visits.failed, 0);
  const verdict = failed === 0 ? 'none of their requests failed' : `${failed} OF THEIR REQUESTS FAILED`;
  say(`\n${GOOD.join(' and ')}: ${paint(failed === 0 ? 'green' : 'red', verdict)}`);
  if (json) say(JSON.stringify({ calm, storm, ends, failed } satisfies Outcome));
  return failed === 0 ? 0 : 1;
}

async function both(
  host: Host,
  rate: { readonly seconds: number; readonly perSecond: number },
  storms: () => void,
): Promise<Pick<Outcome, 'calm' | 'storm'>> {
  const port = await host.ref<typeof import('./front.js')>('front').call.port();
  const calm = await visit({ port, tenants: GOOD, ...rate });
  storms();
  const [storm] = await Promise.all([
    visit({ port, tenants: GOOD, ...rate }),
    visit({ port, tenants: HOSTILE, seconds: rate.seconds, perSecond: PROVOKED_PER_SECOND }),
  ]);
  return { calm, storm };
}

function count(ends: Record<string, Record<string, number>>, event: TreeEvent): void {
  if (event.kind !== 'supervision' || event.event.kind !== 'failed') return;
  const { id, reason } = event.event;
  if (!HOSTILE.includes(id)) return;
  const reasons = (ends[id] ??= {});
  reasons[reason.tag] = (reasons[reason.tag] ?? 0) + 1;
}

function table(calm: readonly Visits[], storm: readonly Visits[]): string {
  const ms = (time: number): string => `${time.toFixed(1)} ms`.padStart(11);
  const head = `${''.padEnd(18)}${['requests', 'failed', 'p50', 'p99', 'longest'].map((it) => it.padStart(11)).join('')}`;
  const line = (when: string, { tenant, requests, failed, p50, p99, max }: Visits): string =>
    `${`${tenant}, ${when}`.padEnd(18)}${[requests, failed].map((it) => String(it).padStart(11)).join('')}${[p50, p99, max].map(ms).join('')}`;
  return [
    head,
    ...calm.map((visits) => line('in peace', visits)),
    ...storm.map((visits) => line('in storm', visits)),
    '',
  ].join('\n');
}
