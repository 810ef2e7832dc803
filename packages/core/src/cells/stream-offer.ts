/**
 * Connected sockets, made before there is a process for their far ends, which are then handed to it as
 * descriptors. (What `spawn` makes for `'pipe'` cannot read into a buffer of ours, and belongs to the thread that
 * called it; to an offer any thread of the host can connect.)
 *
 * For a moment there is an address that anybody on this machine may connect to. So each connection says
 * first which of ours it is, by a number that nobody can guess, and any other is dropped.
 */
import { randomBytes } from 'node:crypto';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inputOfDescriptor, ReadBuffer, type ByteStreams } from './byte-streams.js';

const SECRET_BYTES = 16;
/** Two are ours. */
const MOST_CONNECTIONS = 16;

/** Where to connect to, and how to be known there: plain data, for one use. */
export interface StreamAddress {
  readonly path: string;
  /** Of the stream to the other process, and of that from it. */
  readonly secrets: readonly [string, string];
}

/** For the other process, which reads from the first and writes to the second; `destroy` them once it has them. */
export type FarStreams = readonly [input: Socket, output: Socket];

export interface StreamOffer {
  readonly address: StreamAddress;
  /** Once somebody has connected; undefined if it was withdrawn before. Rejects with the system's error. */
  readonly far: Promise<FarStreams | undefined>;
  /** Nobody can connect any more. */
  withdraw(): void;
}

/** Can be connected to when this returns. `path`: of the address, by default a new one. */
export function offerStreams(path = freshPath()): StreamOffer {
  const { secrets } = freshAddress(path);
  const server = createServer();
  const found: Socket[] = [];
  const strangers = new Set<Socket>();
  let over = false;
  let settle: (far: FarStreams | undefined) => void = () => undefined;
  const end = (far?: FarStreams): void => {
    if (over) return;
    over = true;
    server.close();
    for (const stranger of strangers) stranger.destroy();
    if (far === undefined) for (const socket of found) socket.destroy();
    settle(far);
  };
  const far = new Promise<FarStreams | undefined>((resolve, reject) => {
    settle = resolve;
    server.once('error', reject);
  });
  server.on('connection', (socket) => {
    if (over) socket.destroy();
    strangers.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('readable', () => {
      const said = (socket.read(SECRET_BYTES) as Buffer | null)?.toString('hex') ?? '';
      const which = secrets.indexOf(said);
      if (which === -1 || found[which] !== undefined) return;
      found[which] = socket;
      strangers.delete(socket);
      const [input, output] = found;
      if (input !== undefined && output !== undefined) end([input, output]);
    });
  });
  // Its own even where the host is a worker of a cluster.
  server.listen({ path, exclusive: true });
  return { address: { path, secrets }, far, withdraw: () => end() };
}

export function freshAddress(path = freshPath()): StreamAddress {
  return { path, secrets: [freshSecret(), freshSecret()] };
}

/**
 * In the other process, where that was started before anybody could connect: it can be connected to when this returns.
 * Resolves with its own ends. Nothing may come after the secrets before it has said something.
 *
 * What a server accepts cannot read into a buffer of ours. So that socket is only kept, never read, and another reads
 * from its descriptor: as long as the process lives, which ends with these streams.
 */
export function acceptStreams({ path, secrets }: StreamAddress): Promise<ByteStreams> {
  let reading: Omit<ByteStreams, 'output'> | undefined;
  let output: Socket | undefined;
  const server = createServer({ pauseOnConnect: true });
  server.maxConnections = MOST_CONNECTIONS;
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.on('connection', (accepted) => {
      accepted.on('error', () => undefined);
      const { input, receive } = inputOfDescriptor(descriptorOf(accepted));
      let said = '';
      receive((bytes) => {
        said += Buffer.from(bytes).toString('hex');
        if (said === secrets[0]) reading ??= { input, receive };
        else if (said === secrets[1]) output ??= accepted;
        else return said.length < 2 * SECRET_BYTES;
        if (reading === undefined || output === undefined) return false;
        server.close();
        resolve({ ...resumed(reading), output });
        return false;
      });
    });
    server.listen({ path, exclusive: true });
  });
}

function resumed({ input, receive }: Omit<ByteStreams, 'output'>): Omit<ByteStreams, 'output'> {
  return {
    input,
    receive: (take) => {
      receive(take);
      input.resume();
    },
  };
}

function descriptorOf(socket: Socket): number {
  return (socket as unknown as { readonly _handle: { readonly fd: number } })._handle.fd;
}

/**
 * The near ends of what was offered, in any thread of the host. Can be used at once. What is written waits,
 * corked, until the far ends are where they belong: then `uncork` the output.
 */
export function connectStreams({ path, secrets }: StreamAddress): ByteStreams {
  const buffer = new ReadBuffer();
  const output = connect({ path });
  const input = connect({ path, onread: buffer.onread });
  for (const [n, socket] of [output, input].entries()) {
    // Told by its end.
    socket.on('error', () => undefined);
    socket.write(Buffer.from(secrets[n] as string, 'hex'));
  }
  output.cork();
  return {
    input,
    output,
    receive: (take) => {
      buffer.take = take;
    },
  };
}

function freshSecret(): string {
  return randomBytes(SECRET_BYTES).toString('hex');
}

/** On Linux a name that is no file: nothing is left behind, and no folder has to be writable. */
function freshPath(): string {
  const name = `espalier-${freshSecret()}`;
  return process.platform === 'linux' ? `\0${name}` : join(tmpdir(), name);
}
