/**
 * The local codec's bytes: tags, bounds, layout. Private to one build of Espalier: both ends run the
 * same version on the same machine (the channel's first frame says so), numbers are in host order
 * where a typed array writes them and little-endian elsewhere.
 *
 *   message  := header value [trailer trailerLength:u32]
 *   header   := VERSION << 4 | flags
 *   trailer  := shapes binaries                  (only with HAS_TRAILER)
 *   shapes   := n:varint (keys:varint string*)*  (new shapes of this message, ids in order)
 *   binaries := n:varint (MOVED index:varint | COPIED length:varint byte*)*   (the buffers)
 *               n:varint (buffer:varint offset:varint length:varint)*         (the views, in order)
 *
 * The trailer stands behind the value because the encoder knows only then what it has met; the
 * decoder reads it first. A value is one tag byte and what belongs to it:
 *
 *   00..3f  the integers 0..63            80..83  object: low bits of the tag and one more byte = shape id
 *   40..7f  latin1 string of 0..63        c0..    the tags below
 *
 * Objects, arrays, maps, sets, dates, regular expressions, errors and buffers are numbered as they
 * are met, parents first; BACK_REFERENCE names one of them. The decoder keeps the list only if the
 * header says that there is such a reference.
 */
export const WIRE_VERSION = 1;

export const HAS_BACK_REFERENCES = 1;
export const HAS_TRAILER = 2;
/** The shape ids of this message belong to it alone; the stream's table is left alone. */
export const OWN_SHAPES = 4;
/** The stream's table is emptied before this message. */
export const RESETS_SHAPES = 8;

export const SHORT_STRING = 0x40;
export const SHORT_STRING_LIMIT = 64;
export const SHAPED_OBJECT = 0x80;
export const SHAPED_OBJECT_END = 0x84;

export const NULL = 0xc0;
export const UNDEFINED = 0xc1;
export const TRUE = 0xc2;
export const FALSE = 0xc3;
export const UINT8 = 0xc4;
export const INT16 = 0xc5;
export const INT32 = 0xc6;
export const FLOAT64 = 0xc7;
export const BIGINT64 = 0xc8;
/** varint length, then lower-case hexadecimal digits. */
export const BIGINT_POSITIVE = 0xc9;
export const BIGINT_NEGATIVE = 0xca;
export const LATIN1_STRING = 0xcb;
export const UTF16_STRING = 0xcc;
export const ARRAY = 0xcd;
/** varint count, then key string and value in turn. */
export const INLINE_OBJECT = 0xce;
export const EMPTY_OBJECT = 0xcf;
/** A shaped, inline or empty object follows; it gets no prototype. */
export const NULL_PROTOTYPE = 0xd0;
/**
 * One unused byte, the values, END_OF_VALUES, then as many keys: what a shaped object becomes when it turns
 * out on the way that its keys have no place in the table.
 */
export const KEYS_LAST_OBJECT = 0xd8;
export const END_OF_VALUES = 0xd9;
export const MAP = 0xd1;
export const SET = 0xd2;
export const DATE = 0xd3;
/** flags:u8, then the source as a string. */
export const REGEXP = 0xd4;
/** parts:u8, name, message, then code, stack, cause, errors as far as there are any. */
export const ERROR = 0xd5;
/** slot:u32. */
export const REFERENCE = 0xd6;
export const BACK_REFERENCE = 0xd7;
/** 0xe0 + index in BINARY_KINDS; which bytes is said in the trailer. */
export const BINARY = 0xe0;

export const BINARY_KINDS = [
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
  'DataView',
  'ArrayBuffer',
] as const;

export type BinaryKind = (typeof BINARY_KINDS)[number];

/** How many bytes one element of each kind has, in the order of BINARY_KINDS. */
export const BINARY_ELEMENT_BYTES = [1, 1, 1, 2, 2, 4, 4, 4, 8, 8, 8, 1, 1] as const;

export const COPIED = 0;
export const MOVED = 1;

export const ERROR_CODE = 1;
export const ERROR_STACK = 2;
export const ERROR_CAUSE = 4;
export const ERROR_ERRORS = 8;

/** The letters of a regular expression's flags by bit, in the order in which `flags` has them. */
export const REGEXP_FLAGS = 'dgimsuvy';

/** Bounds of a stream's shape table, held by both sides: a sender cannot make the receiver keep more. */
export const MAX_SHAPES = 1024;
/** An object with more keys, or a longer key, is a dictionary: its keys travel with it. */
export const MAX_SHAPE_KEYS = 64;
export const MAX_SHAPE_KEY_LENGTH = 64;
/** Sum over all keys of all shapes of length + SHAPE_KEY_COST. */
export const MAX_SHAPE_WEIGHT = 1 << 18;
export const SHAPE_KEY_COST = 8;

/**
 * The default and the most: 1000 nested maps (the widest frames, not yet optimised) take most of the
 * 984 kB that a main thread's stack has; 1500 were too many.
 */
export const MAX_DEPTH = 1000;
