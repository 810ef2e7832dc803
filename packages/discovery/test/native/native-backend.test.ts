/**
 * The native backend over a package that stands in for `mdns`, in a real child process: it does what the real one does now
 * and then. The real one, on a real responder, is tried where both are there (test/namespaces/avahi.test.ts).
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ManualClock } from '@espalier/core/testing';
import type { Backend } from '../../src/backend.js';
import { nativeBackend } from '../../src/native/native-backend.js';
import type { Problem } from '../../src/problem.js';
import { Problems } from '../../src/problems.js';

type Mode = 'sound' | 'aborts' | 'deaf' | 'renames' | 'throws';

/** One process is a link of its own: whoever browses finds what is advertised there. */
const FAKE = `
const { readFileSync } = require('node:fs');
const mode = readFileSync(__dirname + '/mode', 'utf8');
if (mode === 'throws') throw new Error('dns service error: unknown');
const browsers = [];
const told = (offer) => {
  if (mode === 'deaf') return;
  for (const { type, up } of browsers) if (type === offer.type && offer.on) up?.(offer);
};
const offers = [];
exports.rst = { DNSServiceResolve: () => 'resolve' };
exports.makeServiceType = (type) => type;
exports.resolve = (service, _sequence, done) => done(undefined, offers.find(({ name }) => name === service.name));
exports.createAdvertisement = (type, port, { name, txtRecord }, done) => {
  const offer = { type, port, name, on: false, rawTxtRecord: txtRecord, replyDomain: 'local.', interfaceIndex: 1, flags: 2 };
  offers.push(offer);
  return {
    start() {
      offer.on = true;
      done(null, { name: mode === 'renames' ? name + ' #2' : name });
      told(offer);
    },
    stop() { offer.on = false; },
    updateTXTRecord(txt) { offer.rawTxtRecord = txt; },
  };
};
exports.createBrowser = (type) => {
  const browser = { type };
  return {
    on(event, listener) { if (event === 'serviceUp') browser.up = listener; },
    start() {
      if (mode === 'aborts') process.abort();
      browsers.push(browser);
      offers.forEach(told);
    },
  };
};
`;
const TYPE = '_espalier._tcp';

describe('the native backend', () => {
  let folder: string;
  let clock: ManualClock;
  /** As they were told. */
  let problems: Problem[];
  let present: Problems;
  let found: string[];
  let backend: Backend;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'esp-'));
    writeFileSync(join(folder, 'index.js'), FAKE);
    clock = new ManualClock();
    [problems, found] = [[], []];
  });

  afterEach(async () => {
    await backend.close();
    rmSync(folder, { recursive: true });
  });

  const become = (mode: Mode): void => writeFileSync(join(folder, 'mode'), mode);

  function start(mode: Mode): void {
    become(mode);
    present = new Problems();
    const report = present.report.bind(present);
    const told = Object.assign(present, {
      report: (problem: Problem) => {
        problems.push(problem);
        report(problem);
      },
    });
    backend = nativeBackend({ clock, module: folder, problems: told });
    backend.browse(TYPE, {
      found: ({ label, strings, port }) =>
        found.push(`${label} ${port} ${strings.map((bytes) => Buffer.from(bytes).toString()).join()}`),
      gone: () => undefined,
    });
  }

  const publish = (txt: string) =>
    backend.publish({ type: TYPE, label: 'me', port: 5672 }, new Map([['k', txt]]), () => undefined);
  const hearing = () => backend.status().links;

  function pass(ms: number): void {
    const end = clock.now() + ms;
    while (clock.fireNext(end));
    clock.moveTo(end);
  }

  async function until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
  }

  it('proves that it hears itself by what it has published, and tells of what is renewed', async () => {
    start('sound');
    expect(hearing()).toEqual([{ id: 'system', hearing: 'trying' }]);
    const publication = publish('1');
    await until(() => found.length === 1);
    expect(hearing()).toEqual([{ id: 'system', hearing: 'heard' }]);
    publication.update(new Map([['k', '2']]));
    await until(() => found.length === 2);
    expect(found).toEqual(['me 5672 k=1', 'me 5672 k=2']);
    pass(60_000);
    expect(problems).toEqual([]);
  });

  it('is deaf until it hears itself, and then no more', async () => {
    start('sound');
    pass(5000);
    expect(present.all).toMatchObject([{ code: 'deaf', subject: 'system' }]);
    publish('1');
    await until(() => found.length === 1);
    expect([hearing(), present.all]).toEqual([[{ id: 'system', hearing: 'heard' }], []]);
  });

  it('outlives the package that aborts its process: the next one takes up all that it was told', async () => {
    start('aborts');
    const publication = publish('1');
    publication.update(new Map([['k', '2']]));
    await until(() => problems.length === 1);
    expect(problems).toMatchObject([{ code: 'native_ended', subject: 'system' }]);
    expect(problems[0]?.message).toContain('SIGABRT');
    expect(present.all).toHaveLength(1);
    become('sound');
    pass(500);
    await until(() => found.length === 1);
    expect(found).toEqual(['me 5672 k=2']);
    expect(present.all).toEqual([]);
    expect(hearing()).toEqual([{ id: 'system', hearing: 'heard' }]);
  });

  it('waits longer each time that it ends again, and says why it does', async () => {
    start('throws');
    for (const [count, pauseMs] of [500, 1000, 2000].entries()) {
      await until(() => problems.length === count + 1);
      pass(pauseMs - 1);
      await new Promise((resolve) => setImmediate(resolve));
      expect(problems).toHaveLength(count + 1);
      pass(1);
    }
    await until(() => problems.length === 4);
    for (const { code, message } of problems) {
      expect([code, message]).toEqual([
        'native_ended',
        expect.stringContaining('dns service error: unknown'),
      ]);
    }
  });

  it('says so where nothing of its own comes back, once, with a remedy', async () => {
    start('deaf');
    publish('1');
    pass(4999);
    expect(problems).toEqual([]);
    pass(60_000);
    expect(problems).toEqual([expect.objectContaining({ code: 'deaf', subject: 'system' })]);
    expect(problems[0]?.remedy).toContain('5353');
    expect(hearing()).toEqual([{ id: 'system', hearing: 'deaf' }]);
  });

  it('begins anew where another program holds its name, for nobody would find it by another', async () => {
    start('renames');
    publish('1');
    await until(() => problems.length === 1);
    expect(problems[0]?.message).toContain('me is held by another program');
    become('sound');
    pass(500);
    await until(() => found.length === 1);
  });
});
