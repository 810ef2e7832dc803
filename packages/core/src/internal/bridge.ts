/** For the package `mq-bridge`, which gets time, chance and the end of a turn as parameters. Types only. */
export type { BesideContext } from '../guest/beside.js';
export type { MailboxTerms } from '../protocol/notices.js';
export type { AfterTurn, Clock, Random } from '../clock.js';
export type { RunCaller, RunOptions, RunOutcome, RunUnderWay } from '../guest/call-run.js';
export type { RunCall } from '../protocol/run.js';
