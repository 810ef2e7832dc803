/** Stands between a bridge and the broker, and cuts the connections through it: in the middle of whatever they carry. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export class CuttingProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Bytes that still go through before all is cut; Infinity: no cut is due. */
  #left = Infinity;
  #isOpen = true;
  cuts = 0;

  constructor(port: () => number) {
    this.#server = createServer((near) => {
      if (!this.#isOpen) {
        near.destroy();
        return;
      }
      const far = connect(port(), '127.0.0.1');
      this.#pass(near, far);
      this.#pass(far, near);
    });
  }

  async start(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  cutAfter(bytes: number): void {
    this.#left = bytes;
  }

  /** Nothing gets through until `open`. */
  close(): void {
    this.#isOpen = false;
    this.#cut();
  }

  open(): void {
    this.#isOpen = true;
  }

  stop(): void {
    this.#cut();
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
      if (bytes.length <= this.#left) {
        this.#left -= bytes.length;
        to.write(bytes);
        return;
      }
      const through = bytes.subarray(0, this.#left);
      this.#left = Infinity;
      to.write(through, () => this.#cut());
    });
  }

  #cut(): void {
    this.cuts++;
    for (const socket of this.#sockets) socket.destroy();
  }
}
