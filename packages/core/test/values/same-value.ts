/**
 * Whether two graphs are the same value of the closed set: types, contents, order, and the same
 * objects in the same places. Written apart from the codec and from Jest's own comparison, which
 * takes 0 and a missing key for things that they are not.
 */

type Pairs = Map<object, object>;

/** The path of the first difference, or undefined if there is none. */
export function difference(
  a: unknown,
  b: unknown,
  path = 'value',
  pairs: Pairs = new Map(),
): string | undefined {
  if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null) {
    return Object.is(a, b) ? undefined : `${path}: ${String(a)} is not ${String(b)}`;
  }
  const known = pairs.get(a);
  if (known !== undefined) return known === b ? undefined : `${path}: not the same object as before`;
  if ([...pairs.values()].includes(b)) return `${path}: the same object as another`;
  pairs.set(a, b);
  const tag = tagOf(a);
  if (tag !== tagOf(b)) return `${path}: ${tag} became ${tagOf(b)}`;
  return differentParts(partsOf(a), partsOf(b), path, pairs);
}

type Part = readonly [name: string, value: unknown];

function differentParts(
  a: readonly Part[],
  b: readonly Part[],
  path: string,
  pairs: Pairs,
): string | undefined {
  if (a.length !== b.length) return `${path}: ${String(a.length)} parts became ${String(b.length)}`;
  for (const [i, [name, value]] of a.entries()) {
    const [otherName, other] = b[i] as Part;
    if (name !== otherName) return `${path}: part ${name} became ${otherName}`;
    const found = difference(value, other, `${path}/${name}`, pairs);
    if (found !== undefined) return found;
  }
  return undefined;
}

function tagOf(value: object): string {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null) return 'null';
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  return tag === 'Error' ? `Error ${(value as Error).name}` : tag;
}

function partsOf(value: object): Part[] {
  if (Array.isArray(value))
    return [['length', value.length], ...value.map((item, i): Part => [String(i), item])];
  if (value instanceof Map)
    return [...value].flatMap(([k, v], i): Part[] => [
      [`key ${String(i)}`, k],
      [`of ${String(i)}`, v],
    ]);
  if (value instanceof Set) return [...value].map((member, i): Part => [String(i), member]);
  if (value instanceof Date) return [['time', value.getTime()]];
  if (value instanceof RegExp) return [['text', String(value)]];
  if (Object.prototype.toString.call(value) === '[object ArrayBuffer]')
    return bytesOf(new Uint8Array(value as ArrayBuffer));
  if (ArrayBuffer.isView(value))
    return bytesOf(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  if (value instanceof Error) return errorParts(value);
  return Object.entries(value);
}

function bytesOf(bytes: Uint8Array): Part[] {
  return [['bytes', bytes.join(' ')]];
}

function errorParts(error: Error): Part[] {
  return ['name', 'message', 'code', 'cause', 'errors'].map((name): Part => {
    const owned = Object.hasOwn(error, name) || name === 'name' || name === 'message';
    return [name, owned ? (error as unknown as Record<string, unknown>)[name] : 'none'];
  });
}
