/** Waits until the warm spares of a host are there again: what is measured is a start from a full pool. */
import { setTimeout as pause } from 'node:timers/promises';

/**
 * @param {import('@espalier/supervisor').Host} host
 * @param {number} [wanted]
 */
export async function sparesRefilled(host, wanted = 1) {
  for (;;) {
    const { spares } = await host.facts();
    if (spares.filter(({ rehearsed }) => rehearsed).length >= wanted) return;
    await pause(1);
  }
}
