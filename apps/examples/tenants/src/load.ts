/**
 * Visitors of the tenants: so many a second, whether or not earlier ones were answered. A visit is timed from when
 * it was due, so that a front that is late has no shorter times for it.
 */
import { Agent, get } from 'node:http';
import { setTimeout } from 'node:timers/promises';

export interface LoadOptions {
  readonly port: number;
  readonly tenants: readonly string[];
  readonly seconds: number;
  /** Of each tenant. */
  readonly perSecond: number;
}

export interface Visits {
  readonly tenant: string;
  readonly requests: number;
  /** Answered with anything but 200, or not at all. */
  readonly failed: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export async function visit({ port, tenants, seconds, perSecond }: LoadOptions): Promise<readonly Visits[]> {
  const agent = new Agent({ keepAlive: true });
  try {
    return await Promise.all(
      tenants.map(async (tenant, nth) => {
        const began = performance.now() + (nth / tenants.length) * (1000 / perSecond);
        const visits: Promise<number | undefined>[] = [];
        for (let n = 0; n < seconds * perSecond; n++) {
          const due = began + (n * 1000) / perSecond;
          await setTimeout(Math.max(0, due - performance.now()));
          visits.push(one(agent, port, `/${tenant}/tea`, due));
        }
        return summary(tenant, await Promise.all(visits));
      }),
    );
  } finally {
    agent.destroy();
  }
}

/** How long after it was due it was answered; undefined if it was not. */
function one(agent: Agent, port: number, path: string, due: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const failed = (): void => resolve(undefined);
    get({ agent, host: '127.0.0.1', port, path }, (response) => {
      response.resume();
      response.on('error', failed);
      response.on('end', () => resolve(response.statusCode === 200 ? performance.now() - due : undefined));
    }).on('error', failed);
  });
}

function summary(tenant: string, visits: readonly (number | undefined)[]): Visits {
  const times = visits.filter((ms) => ms !== undefined).sort((a, b) => a - b);
  const at = (share: number): number =>
    times[Math.min(times.length - 1, Math.floor(share * times.length))] ?? NaN;
  return {
    tenant,
    requests: visits.length,
    failed: visits.length - times.length,
    p50: at(0.5),
    p99: at(0.99),
    max: at(1),
  };
}
