/**
 * The last step of a thread's start: the guest runtime over Node's message ports, and the image of its
 * environment evaluated into a behaviour.
 */
import { createRequire, isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';
import type { Link, LinkOpener } from '../channel/link.js';
import { BesideBehaviours } from '../guest/beside.js';
import type { Collector } from '../guest/address-table.js';
import { isBehaviour } from '../guest/behaviour.js';
import { Runtime } from '../guest/runtime.js';
import type { Loaded } from '../guest/services.js';
import { EnvironmentError } from '../errors.js';
import { evaluateImage, type Require } from '../images/evaluate-image.js';
import * as comlink from '../comlink/index.js';
import * as identity from '../identity/index.js';
import * as core from '../index.js';
import type { GuestStart, StartBeside } from './bootstrap.js';
import type { GuestBoot } from './guest-boot.js';
import { nodeAfterTurn } from './node-after-turn.js';
import { nodeNextTurn } from './node-clock.js';
import { nodeTextCodec } from './node-text-codec.js';
import { hearProcess } from './process-events.js';
import { guestTestTime } from './test-clock/test-time.js';
import { limitTimers, TimerCount } from './timer-limit.js';
import { realTime, type ThreadTime } from './thread-time.js';

const nodeRequire = createRequire(import.meta.url);

/** Gives what starts one more environment in this thread, over a control link of its own. */
export function startGuest({ link, ticket, log }: GuestStart): StartBeside {
  const time = ticket === undefined ? realTime() : guestTestTime(ticket);
  const behaviours = new BesideBehaviours();
  // Whatever the guest has left open (timers, sockets) ends with it.
  const end = (): void => process.exit();
  const runtime = guestRuntime({
    control: time.control(link),
    links: time.links,
    idle: end,
    time,
    log,
    behaviours,
  });
  hearProcess({
    uncaught: (thrown) => {
      runtime.crash(thrown);
    },
  });
  return (control, over) => {
    const end = (): void => {
      control.close();
      // Where that is not its own end, nothing more is taken from its mailbox.
      beside.crash(undefined);
      over();
    };
    const beside = guestRuntime({ control, links: time.links, idle: end, time, log, behaviours });
    return end;
  };
}

interface GuestParts {
  readonly control: Link;
  readonly links: LinkOpener;
  readonly idle: () => void;
  readonly time?: ThreadTime;
  readonly log?: GuestStart['log'];
  readonly behaviours?: BesideBehaviours;
}

/** The runtime of a guest thread over its own control link, or over another: for the rehearsal, and for one beside it. */
export function guestRuntime({
  control,
  links,
  idle,
  time: { clock, during } = realTime(),
  log = () => undefined,
  behaviours,
}: GuestParts): Runtime {
  return new Runtime({
    control,
    links,
    clock,
    afterTurn: nodeAfterTurn,
    nextTurn: nodeNextTurn,
    text: nodeTextCodec,
    collector: garbageCollector(),
    load: (boot) => {
      const beside = behaviours?.take(boot);
      return beside === undefined ? during(load(boot as GuestBoot, during, log)) : Promise.resolve(beside);
    },
    beside: behaviours?.keep,
    log,
    idle,
  });
}

/** Addresses that nobody can use any more are given back to the kernel. */
export function garbageCollector(): Collector {
  const registry = new FinalizationRegistry<() => void>((collected) => {
    collected();
  });
  return {
    watch: (address, collected) => {
      registry.register(address, collected);
    },
  };
}

/* Not async as a whole: what a module throws while it is evaluated is the rejection. */
async function load(
  { image, args, bindings, pool, mostTimers }: GuestBoot,
  during: ThreadTime['during'],
  log: GuestStart['log'],
): Promise<Loaded> {
  if (pool !== undefined) {
    // Loaded here only: no other guest needs Piscina.
    const { startPool } = await import('../pool/pool-host.js');
    return {
      behaviour: await startPool({ image, bindings, ...pool }, during, log),
      args: undefined,
      bindings,
    };
  }
  const timerCount = mostTimers === undefined ? undefined : new TimerCount(mostTimers);
  if (timerCount !== undefined) limitTimers(timerCount);
  const { exports } = await Promise.resolve(evaluateImage(image, { require: guestRequire }));
  const behaviour = (exports as { default?: unknown } | undefined)?.default;
  if (!isBehaviour(behaviour)) {
    throw new EnvironmentError(
      'module_unfit',
      `${image.manifest.entry} has no behaviour as its default export`,
      {
        path: image.manifest.entry,
        remedy: 'Write `export default server({...})`, `environment(...)` or `task(...)`.',
      },
    );
  }
  return {
    behaviour,
    args,
    bindings: Object.freeze({ ...bindings }),
    timerCount,
    base: dirname(join(image.base, image.manifest.entry)),
  };
}

/** What an image asks for by name and does not hold itself. */
export const guestRequire: Require = (specifier) => {
  if (specifier === '@espalier/core') return core;
  if (specifier === '@espalier/core/comlink') return comlink;
  if (specifier === '@espalier/core/identity') return identity;
  if (isBuiltin(specifier)) return nodeRequire(specifier);
  throw new EnvironmentError('module_missing', `the image does not hold '${specifier}'`, {
    value: specifier,
  });
};
