/** A supervisor's history as lines that can be read: `b#1 failed: error, will restart`. */
import type { TreeEvent } from '@espalier/supervisor';

type Told = Extract<TreeEvent, { readonly kind: 'supervision' }>['event'];

function line(event: Told): string {
  const child = `${event.id}#${event.incarnation}`;
  switch (event.kind) {
    case 'failed':
    case 'ended': {
      const when = event.kind === 'failed' && event.phase === 'start' ? ' to start' : '';
      return `${child} ${event.kind}${when}: ${event.reason.tag}${event.willRestart ? ', will restart' : ''}`;
    }
    case 'restarting':
      return `${[event.id, ...event.others].join(', ')} restarting: ${event.count} of ${event.intensity}`;
    case 'stopped':
      return `${child} stopped: ${event.reason.tag}${event.expected ? '' : ', not as told'}`;
    case 'escalated':
      return `escalated by ${child}: ${event.count} of ${event.intensity}`;
    case 'autoShutdown':
      return `shut down by ${child}`;
    default:
      return `${child} ${event.kind}`;
  }
}

/** The lines of one supervisor. */
export function linesOf(events: readonly TreeEvent[], path: string): readonly string[] {
  return events.flatMap((event) =>
    event.kind === 'supervision' && event.path === path ? [line(event.event)] : [],
  );
}

/** The lines of the whole tree, each with the path of its supervisor. */
export function linesOfTree(events: readonly TreeEvent[]): readonly string[] {
  return events.flatMap((event) =>
    event.kind === 'supervision' ? [`${event.path}: ${line(event.event)}`] : [],
  );
}

/** The sum of the messages that were reported as lost, for one cause. */
export function lost(events: readonly TreeEvent[], cause: string): number {
  const counts = events.map((event) =>
    event.kind === 'undelivered' && event.cause === cause ? event.count : 0,
  );
  return counts.reduce((sum, count) => sum + count, 0);
}
