/** Stands between a bridge and the broker, and lets through so many bytes in a second: slow, or stalled with 0. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

const TICK_MS = 20;

export class SlowProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #bytesPerTick = Infinity;
  #isStopped = false;

  constructor(port: () => number) {
    this.#server = createServer((near) => {
      const far = connect(port(), '127.0.0.1');
      this.#pass(near, far);
      this.#pass(far, near);
    });
  }

  async start(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  /** Of each direction of each connection. What comes faster waits in the buffers of the system, and then at its sender. */
  pace(bytesPerSecond: number): void {
    this.#bytesPerTick = Math.ceil((bytesPerSecond * TICK_MS) / 1000);
  }

  stop(): void {
    this.#isStopped = true;
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #pass(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.on('error', () => undefined);
    from.on('close', () => {
      this.#sockets.delete(from);
      to.destroy();
    });
    from.on('data', (bytes) => {
      from.pause();
      this.#forward(from, to, bytes);
    });
  }

  #forward(from: Socket, to: Socket, bytes: Buffer): void {
    if (this.#isStopped || from.destroyed || to.destroyed) return;
    const count = Math.min(bytes.length, this.#bytesPerTick);
    const rest = bytes.subarray(count);
    const next = (): void => {
      if (rest.length === 0) from.resume();
      else this.#forward(from, to, rest);
    };
    if (this.#bytesPerTick === Infinity) to.write(bytes, next);
    else if (count === 0) setTimeout(() => this.#forward(from, to, bytes), TICK_MS);
    else to.write(bytes.subarray(0, count), () => setTimeout(next, TICK_MS));
  }
}
