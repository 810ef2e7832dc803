import { expect, test } from '@jest/globals';
import { Screen } from '../src/screen.js';

class Sink {
  text = '';
  readonly isTTY: boolean;
  readonly columns: number;

  constructor(isTTY: boolean, columns = 40) {
    this.isTTY = isTTY;
    this.columns = columns;
  }

  write(text: string): void {
    this.text += text;
  }
}

const WIPE = '\r\x1b[2K';

test('on a terminal the status line is wiped before a line and drawn again below it', () => {
  const terminal = new Sink(true);
  const screen = new Screen(terminal, terminal);
  screen.status('busy');
  screen.line(screen.out, 'event');
  screen.status('');
  expect(terminal.text).toBe(`busy${WIPE}event\nbusy${WIPE}`);
});

test('a status that did not change is not drawn again', () => {
  const terminal = new Sink(true);
  const screen = new Screen(terminal, terminal);
  screen.status('busy');
  screen.status('busy');
  expect(terminal.text).toBe('busy');
});

test('a status line never wraps', () => {
  const terminal = new Sink(true, 10);
  new Screen(terminal, terminal).status('0123456789abc');
  expect(terminal.text).toBe('012345678');
});

test('without a terminal there is no status line', () => {
  const [out, err] = [new Sink(false), new Sink(false)];
  const screen = new Screen(out, err);
  screen.status('busy');
  screen.line(out, 'event');
  expect([out.text, err.text]).toEqual(['event\n', '']);
});
