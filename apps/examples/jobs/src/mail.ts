/** The words that the environments share. */

/** A job: one mail to be sent. Whoever submits it chooses its id; the same id is the same mail. */
export interface Mail {
  readonly id: string;
  readonly to: string;
}

/** What became of a mail in the end: the gateway's receipt, or why it was given up. */
export type Outcome = { readonly receipt: string } | { readonly givenUp: string };

/** One line of the journal. */
export type Entry =
  | { readonly what: 'submitted'; readonly mail: Mail }
  | { readonly what: 'failed'; readonly id: string; readonly reason: string }
  | { readonly what: 'settled'; readonly id: string; readonly outcome: Outcome };

export interface Totals {
  readonly submitted: number;
  readonly sent: number;
  readonly givenUp: number;
}
