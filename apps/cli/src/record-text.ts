/** One event of a tree as one line for people; undefined for those that another line tells already. */
import type { ExitReason } from '@espalier/core';
import type { EventRecord } from '@espalier/supervisor';
import type { Colour, Paint } from './colour.js';
import { reasonOf, reasonText } from './reason-text.js';

/** What happened (its colour says how good that is), to whom, and what there is to say about it. */
type Parts = readonly [colour: Colour, word: string, text: string];

/** Of which some are there, as the event has it. */
interface Facts {
  readonly durationMs: number;
  readonly incarnation: number;
  readonly phase: string;
  readonly count: number;
  readonly delayMs: number;
  readonly others: readonly string[];
  readonly expected: boolean;
  readonly intensity: number;
  readonly periodMs: number;
  readonly child: string;
  readonly receiver: string;
  readonly circle: readonly string[];
  readonly target: string;
  readonly cause: string;
  readonly problem: string;
  readonly restored: boolean;
}

const WIDEST_WORD = 9;
const LONGEST_RESULT = 80;

/** `time`: as it is to stand at the beginning of the line. */
export function recordText(record: EventRecord, time: string, paint: Paint): string | undefined {
  const parts = partsOf(record, record as unknown as Facts);
  if (parts === undefined) return undefined;
  const [colour, word, text] = parts;
  // Above the root of a tree in a cell there is one without a path, who starts it again.
  const path = record.path === '' ? (record as unknown as Facts).child : record.path;
  return `${paint('dim', time)}  ${paint(colour, word.padEnd(WIDEST_WORD))}  ${path}${text === '' ? '' : `  ${text}`}`;
}

function partsOf(record: EventRecord, facts: Facts): Parts | undefined {
  const reason = reasonOf(record);
  switch (record.event) {
    case 'started':
      return ['green', 'started', `in ${duration(facts.durationMs)}`];
    case 'restarted':
      return ['yellow', 'restarted', `in ${duration(facts.durationMs)}, life ${facts.incarnation}`];
    case 'ignored':
      return ['dim', 'ignored', 'it does not want to run'];
    case 'failed': {
      const when = facts.phase === 'start' ? 'while starting' : `after ${duration(facts.durationMs)}`;
      return ['red', 'failed', `${when}, ${reasonText(reason)}`];
    }
    case 'ended':
      return ['green', 'ended', `after ${duration(facts.durationMs)}, ${result(reason)}`];
    case 'restarting': {
      const others = facts.others.length === 0 ? '' : `, with ${facts.others.join(', ')}`;
      // A restart at once is told when it is done.
      if (facts.delayMs === 0 && others === '') return undefined;
      return ['yellow', 'waits', `restart ${facts.count} in at most ${duration(facts.delayMs)}${others}`];
    }
    case 'stopped': {
      const unexpected = facts.expected ? '' : ', not as it was told to';
      return ['dim', 'stopped', `in ${duration(facts.durationMs)}, ${reasonText(reason)}${unexpected}`];
    }
    case 'escalated': {
      const budget = `${facts.intensity} restarts in ${duration(facts.periodMs)} are used up`;
      return ['red', 'gave up', `${budget}; last ${facts.child}, ${reasonText(reason)}`];
    }
    case 'autoShutdown':
      return ['dim', 'shuts down', `as ${facts.child} has ended`];
    case 'spawned':
      return ['green', 'spawned', ''];
    case 'spawn-ended':
    case 'tree-ended':
      return ['dim', 'ended', reasonText(reason)];
    case 'stuck':
      return ['red', 'stuck', 'its thread does not end; it is replaced, and ends with its process'];
    case 'blocked':
      return ['yellow', 'blocked', `waits for room in the mailbox of ${facts.receiver}`];
    case 'unblocked':
      return ['dim', 'goes on', `waits no more for room in the mailbox of ${facts.receiver}`];
    case 'blocked-circle':
      return ['red', 'blocked', `senders wait for each other: ${facts.circle.join(' → ')}`];
    case 'undelivered':
      return ['yellow', 'undelivered', `${facts.count} to ${facts.target}: ${facts.cause}`];
    case 'violation':
      return ['red', 'violation', facts.problem];
    case 'applying':
      return ['dim', 'applying', 'a new spec'];
    case 'applied':
      return ['green', 'applied', `in ${duration(facts.durationMs)}`];
    case 'apply-undone': {
      const now = facts.restored ? 'what ran before runs again' : 'not all that ran before runs again yet';
      return ['red', 'undone', `${reasonText(reason)}; ${now}`];
    }
    default:
      return ['dim', record.event, ''];
  }
}

/** The result of a task may be long, and is rarely meant for this place. */
function result(reason: ExitReason): string {
  const text = reasonText(reason);
  return text.length <= LONGEST_RESULT ? text : `${text.slice(0, LONGEST_RESULT - 1)}…`;
}

/** The time since the beginning of what is told, as a column. */
export function elapsedText(ms: number): string {
  return `${(ms / 1000).toFixed(2).padStart(7)} s`;
}

export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return `${Number((ms / 1000).toFixed(ms < 10_000 ? 2 : 0))} s`;
}
