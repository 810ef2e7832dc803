/**
 * Frames over a pipe between two processes, as one would write them by hand: four bytes of length, then JSON, which
 * is the quickest that Node has for plain objects of this size.
 */

const HEADER = 4;

/** @param {import('node:net').Socket} socket */
export function framedPipe(socket) {
  /** @type {(value: any) => void} */
  let take = () => undefined;
  /** @type {Buffer} */
  let rest = Buffer.alloc(0);
  /** @param {Buffer} chunk */
  const read = (chunk) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    while (bytes.length - at >= HEADER) {
      const end = at + HEADER + bytes.readUInt32LE(at);
      if (end > bytes.length) break;
      const text = bytes.toString('latin1', at + HEADER, end);
      at = end;
      take(JSON.parse(text));
    }
    rest = bytes.subarray(at);
  };
  socket.on('data', read);
  return {
    /**
     * Every payload that goes this way is ASCII, of which a byte is a character.
     *
     * @param {unknown} value
     * @returns {boolean} whether the system has room for more
     */
    send(value) {
      const text = JSON.stringify(value);
      const frame = Buffer.allocUnsafe(HEADER + text.length);
      frame.writeUInt32LE(text.length, 0);
      frame.write(text, HEADER, 'latin1');
      return socket.write(frame);
    },
    /** @param {(value: any) => void} next what comes from now on goes there */
    receive(next) {
      take = next;
    },
    /** @returns {Promise<any>} the next frame */
    next() {
      return new Promise((resolve) => {
        take = resolve;
      });
    },
    drained() {
      return new Promise((resolve) => {
        socket.once('drain', () => resolve(undefined));
      });
    },
  };
}
