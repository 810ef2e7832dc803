/**
 * Stands between a bridge and the broker, and cuts the connections through it: in the middle of whatever they carry. Or it
 * says how far they are.
 */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export class CuttingProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Bytes that still go through before all is cut; Infinity: no cut is due. */
  #left = Infinity;
  #isOpen = true;
  #came = 0;
  #awaited: { readonly bytes: number; readonly act: () => void } | undefined;
  cuts = 0;
  /** That were made so far. */
  connections = 0;

  constructor(port: () => number) {
    this.#server = createServer((near) => {
      if (!this.#isOpen) {
        near.destroy();
        return;
      }
      this.connections++;
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

  /** Once, as soon as so many bytes have come. */
  onceAfter(bytes: number, act: () => void): void {
    this.#awaited = { bytes, act };
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
      this.#came += bytes.length;
      if (this.#awaited !== undefined && this.#came >= this.#awaited.bytes) {
        const { act } = this.#awaited;
        this.#awaited = undefined;
        act();
      }
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
