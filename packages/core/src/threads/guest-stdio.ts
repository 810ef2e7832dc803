/**
 * Standard streams of a thread, in place of Node's own. Node's write through an internal port on which a
 * forged message throws uncaught in the kernel's thread; ours through the wall's port, whose messages are
 * checked. Printing never blocks and never queues: what exceeds the quota is dropped and counted.
 */
import { StringDecoder } from 'node:string_decoder';
import { Readable, Writable } from 'node:stream';
import type { OutputQuota } from './output-quota.js';
import type { PrintedStream } from './wall-messages.js';

export type Print = (stream: PrintedStream, text: string, dropped: number) => void;

function printer(stream: PrintedStream, quota: OutputQuota, print: Print): Writable {
  const decoder = new StringDecoder('utf8');
  return new Writable({
    decodeStrings: false,
    write(chunk: string | Buffer, _encoding, done) {
      const text = quota.take(typeof chunk === 'string' ? chunk : decoder.write(chunk));
      if (text !== '') print(stream, text, quota.takeDropped());
      done();
    },
  });
}

/** Replaces `process.stdin`, `stdout` and `stderr`; made when first asked for, as most threads print little. */
export function installStdio(quota: OutputQuota, print: Print): void {
  const streams: Record<string, Readable | Writable> = {};
  const make = {
    stdin: () => Readable.from([]),
    stdout: () => printer('stdout', quota, print),
    stderr: () => printer('stderr', quota, print),
  };
  for (const name of ['stdin', 'stdout', 'stderr'] as const) {
    Object.defineProperty(process, name, {
      configurable: true,
      enumerable: true,
      get: () => (streams[name] ??= make[name]()),
    });
  }
  // Node prints its warnings through this one, past every stream.
  Object.defineProperty(process, '_rawDebug', {
    configurable: true,
    writable: true,
    value: (...parts: unknown[]) => process.stderr.write(`${parts.map(String).join(' ')}\n`),
  });
}
