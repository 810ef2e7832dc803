/** What the host's kernel passes on of the direct pipes that go past it. */
import { expect, test } from '@jest/globals';
import { readDirectEnd } from '../../../src/cells/direct/direct-end.js';
import { encodeMark, readMark } from '../../../src/cells/direct/mark.js';
import { Passages, type Passage } from '../../../src/cells/direct/passages.js';
import { LoopbackLinks, type LoopbackLink } from '../../../src/channel/loopback.js';
import type { Link, Transfer } from '../../../src/channel/link.js';

/** The two control links as the application and the cell have them, and what each of the three hears. */
function start() {
  const links = new LoopbackLinks();
  const passages = new Passages();
  const passage = passages.open();
  const [toApplication, application] = links.pair();
  const [toCell, cell] = links.pair();
  const kernel = { application: passages.application(toApplication), cell: passage.control(toCell) };
  const heard = (link: Link): unknown[] => {
    const got: unknown[] = [];
    link.receive({
      batch: (bytes) => got.push(readMark(bytes)?.frames ?? `${bytes[0]}`),
      end: () => undefined,
    });
    return got;
  };
  const got = {
    application: heard(application),
    cell: heard(cell),
    fromApplication: heard(kernel.application),
    fromCell: heard(kernel.cell),
  };
  const run = (): void => {
    for (const link of [toApplication, application, toCell, cell] as LoopbackLink[]) link.drain();
  };
  return { passages, passage, application, cell, kernel, got, run };
}

const mark = (passage: Passage, frames: number) => encodeMark({ pipe: passage.id, frames });
const word = (n: number) => Uint8Array.of(n);

test('mark: what one side says of the pipe goes before the next word to the other, once, and is no word to the kernel', () => {
  const { passage, application, cell, kernel, got, run } = start();
  cell.send(encodeMark({ pipe: 0, frames: 3 }));
  cell.send(word(1));
  application.send(mark(passage, 5));
  application.send(word(2));
  run();
  for (const n of [7, 8]) {
    kernel.application.send(word(n));
    kernel.cell.send(word(n));
  }
  run();
  expect(got.fromCell).toEqual(['1']);
  expect(got.fromApplication).toEqual(['2']);
  expect(got.application).toEqual([3, '7', '8']);
  expect(got.cell).toEqual([5, '7', '8']);
});

test.each([NaN, -1, Infinity, 2])('mark: a cell that says %p after 3 takes nothing back', (frames) => {
  const { cell, kernel, got, run } = start();
  cell.send(encodeMark({ pipe: 0, frames: 3 }));
  cell.send(encodeMark({ pipe: 9, frames }));
  run();
  kernel.application.send(word(7));
  run();
  expect(got.application).toEqual([3, '7']);
});

test('mark: the end of the cell goes before the word of it, and nothing is said of the pipe afterwards', () => {
  const { passage, cell, kernel, got, run } = start();
  passage.over();
  kernel.application.send(word(7));
  cell.send(encodeMark({ pipe: 0, frames: 3 }));
  run();
  kernel.application.send(word(8));
  run();
  expect(got.application).toEqual([Infinity, '7', '8']);
});

test('site: both ends of a link are the same, and no number comes twice', () => {
  const { passage } = start();
  const site = passage.site(new LoopbackLinks());
  const ends = [site.direct?.() ?? [], site.direct?.() ?? []];
  const read = ends.map((pair) => pair.map((end) => readDirectEnd(end as Transfer)));
  expect(read).toEqual([1, 2].map((link) => [passage, passage].map(({ id }) => ({ pipe: id, link }))));
});
