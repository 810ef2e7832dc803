/** One event of a tree as one line for people; undefined for those that another line tells already. */
import type { ExitReason } from '@espalier/core';
import { childPath, type TreeEvent } from '@espalier/supervisor';
import type { Colour, Paint } from './colour.js';
import { reasonText } from './reason-text.js';

type Supervision = (TreeEvent & { readonly kind: 'supervision' })['event'];

/** What happened (its colour says how good that is), to whom, and what there is to say about it. */
type Parts = readonly [colour: Colour, word: string, path: string, text: string];

const WIDEST_WORD = 9;
const LONGEST_RESULT = 80;

export function eventText(event: TreeEvent, atMs: number, paint: Paint): string | undefined {
  const parts = event.kind === 'supervision' ? supervision(event.path, event.event) : other(event);
  if (parts === undefined) return undefined;
  const [colour, word, path, text] = parts;
  const time = `${(atMs / 1000).toFixed(2).padStart(7)} s`;
  return `${paint('dim', time)}  ${paint(colour, word.padEnd(WIDEST_WORD))}  ${path}${text === '' ? '' : `  ${text}`}`;
}

function supervision(path: string, event: Supervision): Parts | undefined {
  const child = childPath(path, event.id);
  switch (event.kind) {
    case 'started':
      return ['green', 'started', child, `in ${duration(event.durationMs)}`];
    case 'restarted':
      return ['yellow', 'restarted', child, `in ${duration(event.durationMs)}, life ${event.incarnation}`];
    case 'ignored':
      return ['dim', 'ignored', child, 'it does not want to run'];
    case 'failed': {
      const when = event.phase === 'start' ? 'while starting' : `after ${duration(event.durationMs)}`;
      return ['red', 'failed', child, `${when}, ${reasonText(event.reason)}`];
    }
    case 'ended':
      return ['green', 'ended', child, `after ${duration(event.durationMs)}, ${result(event.reason)}`];
    case 'restarting': {
      const others = event.others.length === 0 ? '' : `, with ${event.others.join(', ')}`;
      // A restart at once is told when it is done.
      if (event.delayMs === 0 && others === '') return undefined;
      return [
        'yellow',
        'waits',
        child,
        `restart ${event.count} in at most ${duration(event.delayMs)}${others}`,
      ];
    }
    case 'stopped': {
      const unexpected = event.expected ? '' : ', not as it was told to';
      return [
        'dim',
        'stopped',
        child,
        `in ${duration(event.durationMs)}, ${reasonText(event.reason)}${unexpected}`,
      ];
    }
    case 'escalated': {
      const budget = `${event.intensity} restarts in ${duration(event.periodMs)} are used up`;
      return [
        'red',
        'gave up',
        path === '' ? event.id : path,
        `${budget}; last ${event.id}, ${reasonText(event.reason)}`,
      ];
    }
    case 'autoShutdown':
      return ['dim', 'shuts down', path, `as ${event.id} has ended`];
  }
}

function other(event: Exclude<TreeEvent, { readonly kind: 'supervision' }>): Parts {
  const { path } = event;
  switch (event.kind) {
    case 'spawned':
      return ['green', 'spawned', path, ''];
    case 'spawn-ended':
      return ['dim', 'ended', path, reasonText(event.reason)];
    case 'stuck':
      return ['red', 'stuck', path, 'its thread cannot be ended; it ends with this process'];
    case 'blocked':
      return ['yellow', 'blocked', path, `waits for room in the mailbox of ${event.receiver}`];
    case 'blocked-circle':
      return ['red', 'blocked', path, `senders wait for each other: ${event.circle.join(' → ')}`];
    case 'undelivered':
      return ['yellow', 'undelivered', path, `${event.count} to ${event.target}: ${event.cause}`];
    case 'violation':
      return ['red', 'violation', path, event.problem];
    case 'applying':
      return ['dim', 'applying', path, 'a new spec'];
    case 'applied':
      return ['green', 'applied', path, `in ${duration(event.durationMs)}`];
    case 'apply-undone': {
      const now = event.restored ? 'what ran before runs again' : 'not all that ran before runs again yet';
      return ['red', 'undone', path, `${reasonText(event.reason)}; ${now}`];
    }
    case 'tree-ended':
      return ['dim', 'ended', path, reasonText(event.reason)];
  }
}

/** The result of a task may be long, and is rarely meant for this place. */
function result(reason: ExitReason): string {
  const text = reasonText(reason);
  return text.length <= LONGEST_RESULT ? text : `${text.slice(0, LONGEST_RESULT - 1)}…`;
}

export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return `${Number((ms / 1000).toFixed(ms < 10_000 ? 2 : 0))} s`;
}
