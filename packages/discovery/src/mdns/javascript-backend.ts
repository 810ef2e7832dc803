/** mDNS in this process, on sockets of its own; it needs no responder on the machine, and gets on with one. */
import { networkInterfaces } from 'node:os';
import type { Clock, Random } from '@espalier/core/internal/clock.js';
import type { Backend } from '../backend.js';
import type { Problems } from '../problems.js';
import { MdnsEngine } from './engine.js';
import { MulticastSockets } from './sockets.js';

export interface BackendParts {
  readonly clock: Clock;
  readonly random: Random;
  /** The label of this machine's address records. */
  readonly hostLabel: string;
  /** Names of interfaces; otherwise all that lead out of the machine. */
  readonly interfaces: readonly string[] | undefined;
  readonly problems: Problems;
}

export function javascriptBackend(parts: BackendParts): Backend {
  const { clock, interfaces, problems } = parts;
  const engine = new MdnsEngine(parts);
  const sockets = new MulticastSockets({
    engine,
    clock,
    listInterfaces: networkInterfaces,
    interfaces,
    problems,
  });
  return {
    publish: (facts, txt, asked) => engine.publish(facts, txt, asked),
    browse: (type, browser) => engine.browse(type, browser),
    refresh: (type, label) => engine.refresh(type, label),
    status: () => engine.status(),
    close: async () => {
      await engine.close();
      await sockets.close();
    },
  };
}
