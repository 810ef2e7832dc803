/**
 * The encoder's shape table: from an object's keys, in order, to the id under which the peer knows
 * them. A trie, because walking it needs no list of keys to be built: each node remembers the key
 * that followed last time, so that the usual object costs one pointer comparison per key.
 *
 * Invariants: at most MAX_SHAPES shapes of MAX_SHAPE_WEIGHT have an id, and MAX_NODES nodes exist,
 * whatever is sent. When either runs out, objects travel with their keys until the message ends,
 * and the next message starts an empty table, which the peer does too when it reads the flag.
 * A node's id counts only if its epoch is the present one: emptying the table is one increment.
 * What a refused message defined is taken back.
 */
import {
  MAX_SHAPE_KEY_LENGTH,
  MAX_SHAPE_KEYS,
  MAX_SHAPE_WEIGHT,
  MAX_SHAPES,
  SHAPE_KEY_COST,
} from './wire.js';

const MAX_NODES = 4096;

const NO_KEYS: readonly string[] = Object.freeze([]);

export class ShapeNode {
  readonly key: string;
  readonly parent: ShapeNode | undefined;
  readonly depth: number;
  id = -1;
  epoch = 0;
  /** The key and node that were followed last. */
  lastKey: string | undefined = undefined;
  lastNode: ShapeNode | undefined = undefined;
  children: Map<string, ShapeNode> | undefined = undefined;
  /** From the root to here; filled in when the node gets an id. */
  keys: readonly string[] = NO_KEYS;

  constructor(key: string, parent: ShapeNode | undefined) {
    this.key = key;
    this.parent = parent;
    this.depth = parent === undefined ? 0 : parent.depth + 1;
  }
}

export class ShapeTrie {
  root = new ShapeNode('', undefined);
  /** The value that a node's `epoch` must have for its id to be valid. */
  epoch = 1;
  /** Shapes that this message uses first; its trailer defines them. */
  readonly defined: ShapeNode[] = [];
  readonly #perMessage: boolean;
  #nodes = 1;
  #shapes = 0;
  #weight = 0;
  #full = false;
  /** The table was emptied and no message that says so has been completed. */
  #untold = false;

  /** @param perMessage the table lives for one message (`OWN_SHAPES`), not for the stream. */
  constructor(perMessage: boolean) {
    this.#perMessage = perMessage;
  }

  /** Starts a message; true if its header must say `RESETS_SHAPES`. */
  begin(): boolean {
    if (this.#perMessage || this.#full) {
      this.#untold = !this.#perMessage;
      this.epoch++;
      this.#shapes = 0;
      this.#weight = 0;
      this.#full = false;
      if (this.#nodes >= MAX_NODES) {
        this.root = new ShapeNode('', undefined);
        this.#nodes = 1;
      }
    }
    return this.#untold;
  }

  /** The message is complete: the peer will know what it defines. */
  commit(): void {
    this.#untold = false;
    if (this.defined.length > 0) this.defined.length = 0;
  }

  /** The message was refused: the peer will never see it. */
  rollback(): void {
    for (const node of this.defined) {
      node.epoch = 0;
      this.#weight -= weighKeys(node.keys);
    }
    this.#shapes -= this.defined.length;
    this.defined.length = 0;
  }

  /** The node behind `key`, or undefined if objects with that key are not to be shaped. */
  follow(from: ShapeNode, key: string): ShapeNode | undefined {
    let node = from.children?.get(key);
    if (node === undefined) {
      if (from.depth >= MAX_SHAPE_KEYS || key.length > MAX_SHAPE_KEY_LENGTH || key === '__proto__')
        return undefined;
      if (this.#nodes >= MAX_NODES) {
        this.#full = true;
        return undefined;
      }
      this.#nodes++;
      node = new ShapeNode(key, from);
      (from.children ??= new Map()).set(key, node);
    }
    from.lastKey = key;
    from.lastNode = node;
    return node;
  }

  /** Gives the node an id; -1 if the table is full. */
  define(node: ShapeNode): number {
    if (node.keys === NO_KEYS) node.keys = keysOf(node);
    const weight = weighKeys(node.keys);
    if (this.#shapes >= MAX_SHAPES || this.#weight + weight > MAX_SHAPE_WEIGHT) {
      this.#full = true;
      return -1;
    }
    this.#weight += weight;
    node.id = this.#shapes++;
    node.epoch = this.epoch;
    this.defined.push(node);
    return node.id;
  }
}

/** From the root to the node. */
export function keysOf(node: ShapeNode): readonly string[] {
  const keys: string[] = [];
  for (let at = node; at.parent !== undefined; at = at.parent) keys.push(at.key);
  return keys.reverse();
}

/** What the shape counts towards MAX_SHAPE_WEIGHT; the decoder counts the same. */
export function weighKeys(keys: readonly string[]): number {
  let weight = 0;
  for (const key of keys) weight += key.length + SHAPE_KEY_COST;
  return weight;
}
