/** Values over a pipe between two processes, as JSON: the quickest that Node has for plain objects of this size. */
import { framedText } from './framed-text.mjs';

/** @param {import('node:net').Socket} socket */
export function framedPipe(socket) {
  const { send, receive, drained } = framedText(socket);
  /** @type {(value: any) => void} */
  let take = () => undefined;
  receive((text) => take(JSON.parse(text)));
  return {
    /**
     * Every payload that goes this way is ASCII.
     *
     * @param {unknown} value
     * @returns {boolean} whether the system has room for more
     */
    send(value) {
      return send(JSON.stringify(value));
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
    drained,
  };
}
