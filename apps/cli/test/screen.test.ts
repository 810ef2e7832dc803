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
  expect(terminal.text).toBe('0123456');
});

test('without a terminal there is no status line', () => {
  const [out, err] = [new Sink(false), new Sink(false)];
  const screen = new Screen(out, err);
  screen.status('busy');
  screen.line(out, 'event');
  expect([out.text, err.text]).toEqual(['event\n', '']);
});

test('characters that take two columns are counted so in a status line', () => {
  const terminal = new Sink(true, 10);
  new Screen(terminal, terminal).status('█→進捗進捗進捗');
  expect(terminal.text).toBe('█→進捗');
});

const STEERING = '\x1b[31mred\x1b[2J\x1b]0;title\x07\x9b1A\x7f\ttab';

test('what is printed cannot steer a terminal, but may have colours, which end with the line', () => {
  const terminal = new Sink(true);
  const screen = new Screen(terminal, terminal);
  screen.line(screen.out, STEERING);
  expect(terminal.text).toBe('\x1b[31mred␛[2J␛]0;title␇\ufffd1A␡\ttab\x1b[0m\n');
});

test('a status line has no colours either: it is cut where it may be', () => {
  const terminal = new Sink(true);
  new Screen(terminal, terminal).status(`a\nb ${STEERING}`);
  expect(terminal.text).toBe('a b red␛[2J␛]0;title␇\ufffd1A␡ tab');
});

test('into a pipe all goes as it came, and where that was asked for', () => {
  const [pipe, terminal] = [new Sink(false), new Sink(true)];
  const screen = new Screen(pipe, terminal);
  screen.line(pipe, STEERING);
  screen.unchanged(terminal, STEERING);
  expect([pipe.text, terminal.text]).toEqual([`${STEERING}\n`, `${STEERING}\n`]);
});
