/**
 * Frames over a pipe between two processes, as one would write them by hand: four bytes of length, then a text of ASCII,
 * of which a byte is a character.
 */

const HEADER = 4;

/** @param {import('node:net').Socket} socket */
export function framedText(socket) {
  /** @type {(text: string) => void} */
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
      take(text);
    }
    rest = bytes.subarray(at);
  };
  socket.on('data', read);
  return {
    /**
     * @param {string} text
     * @returns {boolean} whether the system has room for more
     */
    send(text) {
      const frame = Buffer.allocUnsafe(HEADER + text.length);
      frame.writeUInt32LE(text.length, 0);
      frame.write(text, HEADER, 'latin1');
      return socket.write(frame);
    },
    /** @param {(text: string) => void} next what comes from now on goes there */
    receive(next) {
      take = next;
    },
    drained() {
      return new Promise((resolve) => {
        socket.once('drain', () => resolve(undefined));
      });
    },
  };
}
