/** A journal read over messages: the reader asks for what comes after an id, and is answered when there is something. */
import type { ReceivedCall } from '@espalier/core';
import type { Batch, Entry, Journal } from './journal.js';

export function answerAfter<T extends Entry>(journal: Journal<T>, call: ReceivedCall, id: number): void {
  const batch = journal.after(id);
  if (batch.entries.length > 0 || batch.missed) {
    call.reply({ ...batch, lastId: journal.lastId });
    return;
  }
  const forget = journal.onChange(() => {
    if (!call.cancelled()) answerAfter(journal, call, id);
  });
  call.onCancel(forget);
}

/** Copies a journal entry by entry, until `ask` rejects. */
export async function copyJournal<T extends Entry>(
  ask: (after: number) => Promise<unknown>,
  copy: Pick<Journal<T>, 'lastId' | 'append' | 'skipTo'>,
): Promise<never> {
  for (let after = copy.lastId; ;) {
    const { entries, missed, lastId } = (await ask(after)) as Batch<T> & { readonly lastId: number };
    if (missed) copy.skipTo(entries[0] === undefined ? lastId : entries[0].id - 1);
    for (const entry of entries) copy.append(entry);
    after = entries.at(-1)?.id ?? lastId;
  }
}
