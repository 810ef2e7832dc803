/** A supervised server that is made to crash again and again. */
import { seconds } from '../clock.mjs';
import { startHost } from './host.mjs';
import { sparesRefilled } from './spares.mjs';

/**
 * @param {{ refilled: boolean, siblings?: number }} how `refilled`: wait for the spares before each crash
 * @returns {import('../subject.mjs').Open}
 */
export function openCrashes({ refilled, siblings = 0 }) {
  return async () => {
    /** @type {(() => void)[]} */
    const waiting = [];
    const idle = Array.from({ length: siblings }, (_, n) => ({
      id: `sibling-${n}`,
      module: './ignoring.mjs',
    }));
    const children = [{ id: 'crashing', module: './crashing.mjs' }, ...idle];
    const host = await startHost({ intensity: 1_000_000, periodMs: 1000, children });
    host.onEvent((event) => {
      if (event.kind === 'supervision' && event.event.kind === 'restarted') waiting.shift()?.();
    });
    const crash = async () => {
      const started = seconds();
      const ready = new Promise((resolve) => waiting.push(() => resolve(undefined)));
      await host.context.cast('crashing', 'crash', []);
      await ready;
      return seconds() - started;
    };
    await crash();
    return {
      async run({ count }) {
        const started = seconds();
        let alone = 0;
        for (let i = 0; i < count; i++) {
          if (refilled) await sparesRefilled(host);
          alone += await crash();
        }
        return { count, seconds: refilled ? alone : seconds() - started };
      },
      async close() {
        await host.stop();
      },
    };
  };
}
