/** A sequence of faults, drawn from a seed: what happens to whom, one after the other and on top of each other. */
import { setTimeout as sleep } from 'node:timers/promises';
import { randomOf } from '../../soak/random.mjs';
import { HOSTS } from './cluster.mjs';

/** @typedef {import('./cluster.mjs').FaultCluster} FaultCluster */
/** @typedef {import('./cluster.mjs').HostName} HostName */
/** Who holds the durable name when it comes to it. @typedef {HostName | 'holder'} Victim */
/** @typedef {(cluster: FaultCluster, host: HostName) => Promise<void>} Fault */

const LOSS = 'iif eth0 numgen random mod 100 < 30';

/** @type {Readonly<Record<string, Fault>>} */
const FAULTS = {
  'cable pulled': (cluster, host) => cluster.strike(host, { plugged: false }),
  'interface down': (cluster, host) => cluster.strike(host, { up: false }),
  'hears nothing': (cluster, host) => cluster.strike(host, { incoming: ['iif eth0'] }),
  'says nothing': (cluster, host) => cluster.strike(host, { outgoing: ['oif eth0'] }),
  '30 % lost': (cluster, host) => cluster.strike(host, { incoming: [LOSS] }),
  '30 % lost, and the broker 200 ms away': async (cluster, host) => {
    await cluster.delay(200);
    await cluster.strike(host, { incoming: [LOSS] });
  },
  'cut off the broker': (cluster, host) => cluster.strike(host, { outgoing: ['oif eth0 tcp dport 5672'] }),
  'on another link': (cluster, host) => cluster.strike(host, { segment: 1 }),
  killed: (cluster, host) => cluster.kill(host),
  'another address': (cluster, host) => cluster.changeAddress(host),
  'claims db': (cluster, host) => cluster.claim(host),
};

/** The holder is struck most: what nobody holds cannot be begun by two. @type {readonly Victim[]} */
const VICTIMS = [...HOSTS, 'holder', 'holder'];

/**
 * @typedef {object} Step
 * @property {Victim} victim
 * @property {string} fault
 * @property {number} ms until the next step
 * @property {boolean} heals the host before the next step; otherwise it stays as it is
 */

/** @param {number} seed @returns {Step[]} */
export function drawSequence(seed) {
  const random = randomOf(seed);
  return Array.from({ length: random.whole(3, 5) }, () => ({
    victim: random.pick(VICTIMS),
    fault: random.pick(Object.keys(FAULTS)),
    // Most are shorter than any time-out; some are longer than all of them: lease, a host that is down, AMQP's heartbeat,
    // after which a busy broker has been seen to give the mailbox to the next holder in 13 s.
    ms: random.chance(0.2) ? random.whole(6000, 16_000) : random.whole(100, 2500),
    heals: random.chance(0.5),
  }));
}

/** @param {readonly Step[]} steps */
export function textOf(steps) {
  return steps
    .map(({ victim, fault, ms, heals }) => `${victim} ${fault} ${ms} ms${heals ? ', healed' : ''}`)
    .join('; ');
}

/**
 * Carries out a sequence, heals everything and checks what has to hold.
 *
 * @param {FaultCluster} cluster
 * @param {number} seed
 */
export async function runSequence(cluster, seed) {
  cluster.note(`seed ${seed}`);
  await cluster.slowDown();
  for (const { victim, fault, ms, heals } of drawSequence(seed)) {
    const host = victim === 'holder' ? cluster.holder : victim;
    cluster.note(`${host} ${fault}`);
    await FAULTS[fault]?.(cluster, host);
    await sleep(ms);
    if (!heals) continue;
    cluster.note(`${host} heals`);
    await cluster.heal(host);
    await cluster.start(host);
  }
  cluster.note('all heal');
  await cluster.healAll();
  cluster.note('healed');
  return await cluster.check();
}
