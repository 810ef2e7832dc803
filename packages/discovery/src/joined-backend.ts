/** Several backends as one: what is said is said by each, and what any of them hears is heard. */
import type { Backend } from './backend.js';

/** Nothing of none. */
export function joinBackends(backends: readonly Backend[]): Backend | undefined {
  const [first, ...others] = backends;
  if (first === undefined || others.length === 0) return first;
  return {
    publish: (facts, txt, asked) => {
      const publications = backends.map((backend) => backend.publish(facts, txt, asked));
      return {
        update: (next) => publications.forEach((publication) => publication.update(next)),
        withdraw: () => publications.forEach((publication) => publication.withdraw()),
      };
    },
    browse: (type, browser) => backends.forEach((backend) => backend.browse(type, browser)),
    refresh: (type, label) => backends.forEach((backend) => backend.refresh(type, label)),
    status: () => {
      const statuses = backends.map((backend) => backend.status());
      const sum = (of: 'malformed' | 'flood'): number =>
        statuses.reduce((total, { dropped }) => total + dropped[of], 0);
      return {
        links: statuses.flatMap(({ links }) => links),
        dropped: { malformed: sum('malformed'), flood: sum('flood') },
      };
    },
    close: async () => {
      await Promise.all(backends.map((backend) => backend.close()));
    },
  };
}
