/** The owner of an environment that another one spawned: answers the spawner, and hears of the end. */
import type { WireReason } from '../protocol/notices.js';
import type { Environment } from './environment.js';
import type { KernelEvent } from './events.js';
import type { Owner } from './owner.js';

export function spawnOwner(
  parent: Environment,
  observe: (event: KernelEvent) => void,
  started: (child: Environment) => void,
  failed: (reason: WireReason) => void,
): Owner {
  let answered = false;
  return {
    started(child) {
      answered = true;
      observe({ kind: 'spawned', path: child.path });
      started(child);
    },
    ignored: () => undefined, // Its end follows, and answers the spawner.
    ended: (child, reason) => ({
      // One beside it that is to have the same name is booting.
      willRestart: [...parent.children].some(
        ({ name, state }) => name !== undefined && name === child.name && state === 'booting',
      ),
      carryOut() {
        // A parent that is gone waits for its last child: it counts them itself.
        if (parent.alive) parent.children.delete(child);
        if (answered) observe({ kind: 'spawn-ended', path: child.path, reason });
        else failed(reason);
      },
    }),
  };
}
