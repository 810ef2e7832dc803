import { describe, expect, test } from '@jest/globals';
import { logEvents, start, type Logger, type TreeEvent } from '../../src/index.js';

const WORKER = new URL('../fixtures/host/worker.ts', import.meta.url);

type Line = readonly [level: string, record: Readonly<Record<string, unknown>>, message: string];
type Supervision = (TreeEvent & { readonly kind: 'supervision' })['event'];
type OtherKind = Exclude<TreeEvent['kind'], 'supervision'>;

function collecting(): { readonly lines: Line[]; readonly logger: Logger } {
  const lines: Line[] = [];
  const at = (level: string) => (record: object, message: string) => {
    lines.push([level, record as Line[1], message]);
  };
  return { lines, logger: { info: at('info'), warn: at('warn'), error: at('error') } };
}

function lineOf(event: TreeEvent): Line | undefined {
  const { lines, logger } = collecting();
  logEvents(logger)(event);
  expect(lines).toHaveLength(1);
  return lines[0];
}

const life = { incarnation: 2, durationMs: 1.23456 };
const told = { incarnation: 2, durationMs: 1.235 };
const budget = { count: 2, intensity: 1, periodMs: 5000 };
const killed = { tag: 'killed' } as const;
const broken = new RangeError('no room');

/** Of every kind one at least: what happened, and the level and fields of its line. */
const SUPERVISION: {
  readonly [K in Supervision['kind']]: readonly (readonly [
    event: Omit<Supervision & { readonly kind: K }, 'kind' | 'id'>,
    level: string,
    fields: object,
  ])[];
} = {
  started: [[life, 'info', told]],
  restarted: [[{ ...life, count: 1 }, 'info', { ...told, count: 1 }]],
  ignored: [[life, 'info', told]],
  failed: [
    [
      { ...life, phase: 'run', reason: { tag: 'error', detail: broken }, willRestart: true },
      'warn',
      { ...told, phase: 'run', reason: 'error', err: broken, willRestart: true },
    ],
    [
      { ...life, phase: 'start', reason: killed, willRestart: false },
      'error',
      { ...told, phase: 'start', reason: 'killed', willRestart: false },
    ],
  ],
  ended: [
    [
      { ...life, reason: { tag: 'normal', detail: { answer: 42n } }, willRestart: false },
      'info',
      { ...told, reason: 'normal', detail: { answer: '42' }, willRestart: false },
    ],
  ],
  restarting: [
    [
      { incarnation: 2, reason: killed, ...budget, delayMs: 100, others: ['b'] },
      'warn',
      { incarnation: 2, reason: 'killed', ...budget, delayMs: 100, others: ['b'] },
    ],
  ],
  stopped: [
    [
      { ...life, reason: { tag: 'shutdown' }, expected: true },
      'info',
      { ...told, reason: 'shutdown', expected: true },
    ],
    [{ ...life, reason: killed, expected: false }, 'warn', { ...told, reason: 'killed', expected: false }],
  ],
  escalated: [
    [{ incarnation: 2, reason: killed, ...budget }, 'error', { incarnation: 2, reason: 'killed', ...budget }],
  ],
  autoShutdown: [[{ incarnation: 2 }, 'info', { incarnation: 2 }]],
};

const OTHERS: {
  readonly [K in OtherKind]: readonly (readonly [
    event: Omit<TreeEvent & { readonly kind: K }, 'kind' | 'path'>,
    level: string,
    fields: object,
  ])[];
} = {
  applying: [[{}, 'info', {}]],
  applied: [[{ durationMs: 7 }, 'info', { durationMs: 7 }]],
  'apply-undone': [
    [
      {
        durationMs: 7,
        restored: true,
        reason: { tag: 'shutdown', detail: { failedToStart: 'b', reason: killed } },
      },
      'error',
      { durationMs: 7, restored: true, reason: 'shutdown', detail: { failedToStart: 'b', reason: killed } },
    ],
  ],
  spawned: [[{}, 'info', {}]],
  'spawn-ended': [
    [{ reason: { tag: 'normal' } }, 'info', { reason: 'normal' }],
    [{ reason: killed }, 'warn', { reason: 'killed' }],
  ],
  stuck: [[{}, 'error', {}]],
  blocked: [[{ receiver: 't/b' }, 'warn', { receiver: 't/b' }]],
  unblocked: [[{ receiver: 't/b' }, 'info', { receiver: 't/b' }]],
  'blocked-circle': [[{ circle: ['t/a', 't/b'] }, 'error', { circle: ['t/a', 't/b'] }]],
  undelivered: [[{ target: 'b', cause: 'dead', count: 3 }, 'warn', { target: 'b', cause: 'dead', count: 3 }]],
  violation: [[{ problem: 'no such frame' }, 'error', { problem: 'no such frame' }]],
  'tree-ended': [
    [{ reason: { tag: 'shutdown' } }, 'info', { reason: 'shutdown' }],
    [{ reason: killed }, 'error', { reason: 'killed' }],
  ],
};

const cases = (table: Readonly<Record<string, readonly (readonly [object, string, object])[]>>) =>
  Object.entries(table).flatMap(([kind, rows]) =>
    rows.map(([event, level, fields]) => [kind, level, event, fields] as const),
  );

describe('an event is one line with its fields', () => {
  test.each(cases(SUPERVISION))('%s, at level %s', (kind, level, event, fields) => {
    const own = kind === 'escalated' || kind === 'autoShutdown';
    const about = own ? { path: 't', child: 'a' } : { path: 't/a' };
    expect(
      lineOf({ kind: 'supervision', path: 't', event: { kind, id: 'a', ...event } as Supervision }),
    ).toEqual([level, { event: kind, ...about, ...fields }, `${kind} ${about.path}`]);
  });

  test.each(cases(OTHERS))('%s, at level %s', (kind, level, event, fields) => {
    expect(lineOf({ kind, path: 't/a', ...event } as TreeEvent)).toEqual([
      level,
      { event: kind, path: 't/a', ...fields },
      `${kind} t/a`,
    ]);
  });
});

test('a running tree is logged in order, from its start to its end', async () => {
  const { lines, logger } = collecting();
  const host = await start(
    { name: 'tree', children: [{ id: 'a', module: WORKER }] },
    { embedded: true, onEvent: logEvents(logger), onOutput: () => undefined },
  );
  const again = new Promise<void>((resolve) => {
    host.onEvent((event) => {
      if (event.kind === 'supervision' && event.event.kind === 'restarted') resolve();
    });
  });
  const exit = { tag: 'error', detail: new RangeError('no room') };
  await host.call('a', 'exit', [exit]).catch(() => undefined);
  await again;
  await host.stop();
  expect(lines.map(([level, , message]) => `${level} ${message}`)).toEqual([
    'info started tree/a',
    'warn failed tree/a',
    'warn restarting tree/a',
    'info restarted tree/a',
    'info stopped tree/a',
    'info tree-ended tree',
  ]);
  expect(lines[1]?.[1]).toMatchObject({ reason: 'error', incarnation: 1, willRestart: true });
  expect(lines[1]?.[1]['err']).toMatchObject({ name: 'RangeError', message: 'no room' });
  expect(lines[3]?.[1]).toMatchObject({ incarnation: 2, count: 1 });
});
