/**
 * The decoder's shape table: the lists of keys that the peer has defined, by id, within the bounds
 * of wire.ts, which the peer's encoder keeps too: whoever exceeds them is no encoder of ours.
 */
import type { ByteReader } from './byte-reader.js';
import { OBJECT_PROTOTYPE } from './classify.js';
import { malformed } from './malformed.js';
import { weighKeys } from './shape-trie.js';
import { MAX_SHAPE_KEY_LENGTH, MAX_SHAPE_KEYS, MAX_SHAPE_WEIGHT, MAX_SHAPES } from './wire.js';

export interface Shape {
  readonly keys: readonly string[];
  /**
   * Some key is one of Object.prototype's. Assigning would fail where that is frozen and must then
   * be defining.
   */
  readonly shadows: boolean;
}

export class ShapeTable {
  readonly #shapes: Shape[] = [];
  #weight = 0;

  get(id: number): Shape {
    const shape = this.#shapes[id];
    if (shape === undefined) throw malformed('it uses a shape that was not defined');
    return shape;
  }

  /** Reads the definitions of a trailer. */
  read(reader: ByteReader): void {
    const count = reader.count(2);
    if (this.#shapes.length + count > MAX_SHAPES) throw malformed('it defines too many shapes');
    for (let i = 0; i < count; i++) {
      const keyCount = reader.count(1);
      if (keyCount === 0 || keyCount > MAX_SHAPE_KEYS)
        throw malformed('a shape has too few or too many keys');
      const keys: string[] = [];
      for (let k = 0; k < keyCount; k++) keys.push(readKey(reader));
      this.#weight += weighKeys(keys);
      if (this.#weight > MAX_SHAPE_WEIGHT) throw malformed('its shapes are too large');
      if (new Set(keys).size < keyCount) throw malformed('a shape has a key twice');
      this.#shapes.push({ keys, shadows: keys.some(isShadowing) });
    }
  }

  clear(): void {
    this.#shapes.length = 0;
    this.#weight = 0;
  }
}

function readKey(reader: ByteReader): string {
  const key = reader.string();
  if (key.length > MAX_SHAPE_KEY_LENGTH) throw malformed('a key of a shape is too long');
  if (key === '__proto__') throw malformed('an object has a key named __proto__');
  return key;
}

export function isShadowing(key: string): boolean {
  return key in OBJECT_PROTOTYPE;
}

/** What `object[key] = value` means where nothing is inherited under that key. */
export function defineKey(object: object, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
}
