/** The proof, out of the journal alone: every mail that was submitted has come to one end, and only one. */
import { openJournal } from './journal.js';

export interface Audit {
  readonly submitted: number;
  readonly sent: number;
  readonly givenUp: number;
  /** How often a worker ended over a mail. */
  readonly failures: number;
  /** Ids of mails that nothing has become of. */
  readonly lost: readonly string[];
  /** Ids of mails that were submitted or settled more than once. */
  readonly twice: readonly string[];
}

export function audit(journal: string): Audit {
  const entries = openJournal(journal);
  const submitted = entries.flatMap((entry) => (entry.what === 'submitted' ? [entry.mail.id] : []));
  const settled = entries.flatMap((entry) => (entry.what === 'settled' ? [entry] : []));
  const ids = settled.map(({ id }) => id);
  const ended = new Set(ids);
  const sent = settled.filter(({ outcome }) => 'receipt' in outcome).length;
  return {
    submitted: submitted.length,
    sent,
    givenUp: settled.length - sent,
    failures: entries.filter(({ what }) => what === 'failed').length,
    lost: submitted.filter((id) => !ended.has(id)),
    twice: [...repeated(submitted), ...repeated(ids)],
  };
}

function repeated(ids: readonly string[]): readonly string[] {
  const seen = new Set<string>();
  return ids.filter((id) => seen.size === seen.add(id).size);
}
