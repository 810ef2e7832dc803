/** The store: every mail, how often it has failed, and what became of it. Nothing is said before it is written. */
import { server } from '@espalier/core';
import { append, openJournal } from './journal.js';
import type { Entry, Mail, Outcome, Totals } from './mail.js';

interface Args {
  readonly file: string;
}

interface Known {
  readonly mail: Mail;
  failures: number;
  outcome?: Outcome;
}

interface State {
  readonly file: string;
  readonly mails: Map<string, Known>;
}

export default server({
  init({ file }: Args): State {
    const state = { file, mails: new Map<string, Known>() };
    for (const entry of openJournal(file)) take(state, entry);
    return state;
  },
  calls: {
    /** False: it is known already. */
    submitted: ({ state }, mail: Mail): boolean =>
      !state.mails.has(mail.id) && note(state, { what: 'submitted', mail }),

    /** How often it has failed now. */
    failed({ state }, id: string, reason: string): number {
      note(state, { what: 'failed', id, reason });
      return state.mails.get(id)?.failures ?? 0;
    },

    settled({ state }, id: string, outcome: Outcome): void {
      note(state, { what: 'settled', id, outcome });
    },

    /** The mails that nothing has become of yet, in the order in which they came. */
    open: ({ state }): readonly Mail[] =>
      [...state.mails.values()].filter(({ outcome }) => outcome === undefined).map(({ mail }) => mail),

    totals({ state }): Totals {
      const settled = [...state.mails.values()].flatMap(({ outcome }) => outcome ?? []);
      const sent = settled.filter((outcome) => 'receipt' in outcome).length;
      return { submitted: state.mails.size, sent, givenUp: settled.length - sent };
    },
  },
});

function note(state: State, entry: Entry): true {
  append(state.file, entry);
  take(state, entry);
  return true;
}

function take({ mails }: State, entry: Entry): void {
  if (entry.what === 'submitted') {
    mails.set(entry.mail.id, { mail: entry.mail, failures: 0 });
    return;
  }
  const known = mails.get(entry.id);
  if (known === undefined) return;
  if (entry.what === 'failed') known.failures++;
  else known.outcome = entry.outcome;
}
