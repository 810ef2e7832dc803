/** A page of text on a terminal that is drawn anew in its place; the last one stays when it is over. */
export interface Page {
  readonly rows?: number;
  readonly columns?: number;
  write(text: string): unknown;
}

const OTHER_SCREEN = '\x1b[?1049h\x1b[?25l';
const FORMER_SCREEN = '\x1b[?25h\x1b[?1049l';
const HOME = '\x1b[H';
const REST_OF_LINE = '\x1b[K';
const BELOW = '\x1b[J';

export class LiveView {
  readonly #page: Page;
  #last: readonly string[] | undefined;
  /** The page is on the terminal's other screen. */
  #isOpen = false;

  constructor(page: Page) {
    this.#page = page;
  }

  /** What does not fit is left out, and counted. */
  show(lines: readonly string[]): void {
    const { rows = 24, columns = 80 } = this.#page;
    const fitting =
      lines.length <= rows ? lines : [...lines.slice(0, rows - 1), `… and ${lines.length - rows + 1} more`];
    // Wiped line by line: a page that is cleared as a whole flickers.
    const text = fitting.map((line) => `${cut(line, columns)}${REST_OF_LINE}`).join('\r\n');
    this.#page.write(`${this.#isOpen ? '' : OTHER_SCREEN}${HOME}${text}${BELOW}`);
    this.#isOpen = true;
    this.#last = lines;
  }

  /** The terminal has another size, or is ours again. */
  redraw(): void {
    if (this.#last !== undefined) this.show(this.#last);
  }

  /** The terminal is as it was, until the next page. */
  leave(): void {
    if (this.#isOpen) this.#page.write(FORMER_SCREEN);
    this.#isOpen = false;
  }

  close(): void {
    this.leave();
    if (this.#last !== undefined) this.#page.write(`${this.#last.join('\n')}\n`);
    this.#last = undefined;
  }
}

/** Colours take no room. */
function cut(line: string, columns: number): string {
  let [room, text] = [columns, ''];
  // eslint-disable-next-line no-control-regex -- they are what is looked for
  for (const part of line.split(/(\x1b\[\d+m)/)) {
    if (part.startsWith('\x1b')) text += part;
    else {
      text += part.slice(0, room);
      room = Math.max(0, room - part.length);
    }
  }
  return text;
}
