/**
 * What has to hold of what the hosts have written down and told, whatever was done to them; each throws where it does
 * not. Of the past alone, so that it can be tried on pasts that no host would make.
 */

/**
 * A handling as it began.
 *
 * @typedef {object} Handling
 * @property {string} value `<life of the sender>/<number>`
 * @property {string} id
 * @property {boolean} again
 * @property {number} fence the number of the holder's term
 * @property {string} life of the holder
 */

/** @typedef {Readonly<Record<string, unknown>>} Told */

/** What the broker has confirmed and nobody has begun yet. @param {readonly Told[]} told by the sender @param {readonly Handling[]} handlings */
export function missingOf(told, handlings) {
  const begun = new Set(handlings.map(({ value }) => value));
  return confirmedOf(told).filter((value) => !begun.has(value));
}

/** @param {readonly Told[]} told by the sender @returns {string[]} */
export function confirmedOf(told) {
  return told.filter(({ event }) => event === 'confirmed').map(({ value }) => String(value));
}

/**
 * One holder at a time: none begins after the next one has begun, and no two have one number. No term has a message
 * twice, and what is new comes in the order of its sender.
 *
 * @param {readonly Handling[]} handlings in the order in which they began
 * @returns how many terms there were
 */
export function checkHandlings(handlings) {
  const holders = new Map();
  const last = new Map();
  const seen = new Set();
  let ofTerm = new Set();
  let greatest = -Infinity;
  for (const { value, id, fence, life } of handlings) {
    if (!Number.isSafeInteger(fence)) throw new Error(`${life} began ${value} without a number of its term`);
    if (fence < greatest) throw new Error(`${life} began ${value} with ${fence} when ${greatest} was held`);
    if (fence > greatest) ofTerm = new Set();
    greatest = fence;
    const holder = holders.get(fence) ?? life;
    if (holder !== life) throw new Error(`${holder} and ${life} both held ${fence}`);
    holders.set(fence, life);
    if (ofTerm.has(value)) throw new Error(`${life} began ${value} twice with ${fence}`);
    ofTerm.add(value);
    if (seen.has(id)) continue;
    seen.add(id);
    const [sender, number] = value.split('/');
    if (Number(number) <= last.get(sender)) throw new Error(`${value} came behind ${last.get(sender)}`);
    last.set(sender, Number(number));
  }
  return holders.size;
}

/**
 * Of one life of a host: how many monitors were set, and how many of them have fired; none has more than once.
 *
 * @param {readonly Told[]} told by the host
 * @param {string} life
 */
export function monitorsOf(told, life) {
  const own = told.filter((line) => line['life'] === life);
  const of = (/** @type {string} */ kind) =>
    own.filter(({ event }) => event === kind).map(({ target, number }) => `${target} ${number}`);
  const set = new Set(of('watching'));
  const fired = new Set();
  for (const monitor of of('down')) {
    if (fired.has(monitor)) throw new Error(`the monitor ${monitor} of ${life} fired twice`);
    if (!set.has(monitor)) throw new Error(`${life} has set no monitor ${monitor}, and it fired`);
    fired.add(monitor);
  }
  return { set: set.size, fired: fired.size };
}
