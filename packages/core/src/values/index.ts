export { ByteWriter } from './byte-writer.js';
export { decodeOnce, encodeOnce } from './once.js';
export { Reference } from './reference.js';
export { portableTextCodec } from './text-codec.js';
export { ValueDecoder } from './value-decoder.js';
export { ValueEncoder } from './value-encoder.js';

export type { ReferenceReader, ReferenceWriter } from './reference.js';
export type { TextCodec } from './text-codec.js';
