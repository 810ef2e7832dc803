import { expect, test } from '@jest/globals';
import { LiveView } from '../../src/remote/live-view.js';

/** What a terminal of so many rows and columns shows: of escapes it knows those that the view uses. */
class TerminalModel {
  rows = 3;
  columns = 10;
  readonly screens = { main: [] as string[], other: [] as string[] };
  #screen: 'main' | 'other' = 'main';
  cursorHidden = false;

  get shown(): readonly string[] {
    return this.screens[this.#screen];
  }

  write(text: string): void {
    // eslint-disable-next-line no-control-regex -- they are what is looked for
    for (const part of text.split(/(\x1b\[[?\d]*[A-Za-z])/)) {
      if (part === '\x1b[?1049h') this.#screen = 'other';
      else if (part === '\x1b[?1049l') this.#screen = 'main';
      else if (part === '\x1b[?25l') this.cursorHidden = true;
      else if (part === '\x1b[?25h') this.cursorHidden = false;
      else if (part === '\x1b[H') this.screens[this.#screen] = [''];
      else if (!part.startsWith('\x1b')) this.#print(part);
    }
  }

  #print(text: string): void {
    const lines = this.screens[this.#screen];
    const [first = '', ...rest] = text.split(/\r?\n/);
    lines.push((lines.pop() ?? '') + first, ...rest);
  }
}

test('each page takes the place of the one before, and fits the terminal', () => {
  const terminal = new TerminalModel();
  const view = new LiveView(terminal);
  view.show(['one', 'two']);
  expect(terminal.shown).toEqual(['one', 'two']);
  view.show(['a line that is too long', 'b', 'c', 'd']);
  expect(terminal.shown).toEqual(['a line tha', 'b', '… and 2 mo']);
  expect(terminal.cursorHidden).toBe(true);
});

test('colours take no room', () => {
  const terminal = new TerminalModel();
  new LiveView(terminal).show(['\x1b[2m0123456789AB\x1b[0m']);
  expect(terminal.shown).toEqual(['0123456789']);
});

test('when it is over the terminal is as it was, with the last page in full', () => {
  const terminal = new TerminalModel();
  terminal.write('$ top\r\n');
  const view = new LiveView(terminal);
  view.show(['one']);
  view.show(['1', '2', '3', '4']);
  view.close();
  view.close();
  expect(terminal.screens.main).toEqual(['$ top', '1', '2', '3', '4', '']);
  expect(terminal.cursorHidden).toBe(false);
});

test('one that showed nothing leaves the terminal alone', () => {
  const terminal = new TerminalModel();
  new LiveView(terminal).close();
  expect(terminal.shown).toEqual([]);
});

test('a terminal of another size is drawn anew at once', () => {
  const terminal = new TerminalModel();
  const view = new LiveView(terminal);
  view.redraw();
  view.show(['0123456789AB', '2', '3', '4']);
  Object.assign(terminal, { rows: 4, columns: 12 });
  view.redraw();
  expect(terminal.shown).toEqual(['0123456789AB', '2', '3', '4']);
});

test('left for the shell, the terminal is as it was, and the view comes back', () => {
  const terminal = new TerminalModel();
  terminal.write('$ top\r\n');
  const view = new LiveView(terminal);
  view.show(['one']);
  view.leave();
  expect([terminal.shown, terminal.cursorHidden]).toEqual([['$ top', ''], false]);
  view.redraw();
  expect([terminal.shown, terminal.cursorHidden]).toEqual([['one'], true]);
  view.leave();
  view.close();
  expect(terminal.shown).toEqual(['$ top', 'one', '']);
});
