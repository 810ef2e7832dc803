/**
 * Every error code Espalier can give, once: which class carries it, what it means, and what to do.
 * The exported type `ErrorCode` and the page `docs/errors.md` are derived from this table; a test
 * checks that they agree. A code that is retired stays here with `retired: true`.
 */

/** What the caller has lost; it decides which class an error has. */
export type ErrorKind = 'call' | 'environment' | 'supervision' | 'spec' | 'host';

export interface ErrorCodeEntry {
  readonly kind: ErrorKind;
  readonly meaning: string;
  readonly remedy: string;
  readonly retired?: true;
}

export const ERROR_CODES = {
  // One message or call is lost; both ends go on.
  value_refused: {
    kind: 'call',
    meaning: 'The message holds something that is not a value of the closed set.',
    remedy: 'Send plain data instead; the `path` says where the refused part is (docs/values.md).',
  },
  too_large: {
    kind: 'call',
    meaning: 'The message is larger or deeper than the receiver or the codec accepts.',
    remedy: 'Send it in parts, or raise `messageBytes` of the receiving environment.',
  },
  malformed: {
    kind: 'call',
    meaning: 'The bytes of a message do not decode to a value.',
    remedy: 'End the stream: its sender is broken or hostile, or is of another version.',
  },
  full: {
    kind: 'call',
    meaning: "The receiver's mailbox had no room for the message in the time allowed.",
    remedy: 'Send slower, let the receiver do less per message, or choose another `overflow` policy.',
  },
  timeout: {
    kind: 'call',
    meaning: 'No reply came within the time allowed.',
    remedy: 'Raise `timeoutMs` of the call, or find out what keeps the server busy.',
  },
  cancelled: {
    kind: 'call',
    meaning: 'The caller aborted the call.',
    remedy: 'Nothing to do: your own AbortSignal ended it.',
  },
  noproc: {
    kind: 'call',
    meaning: 'There is no such environment or name, or it may not be reached from here.',
    remedy: 'Check that it is started, and that the name is spelt as it was registered.',
  },
  down: {
    kind: 'call',
    meaning: 'The environment ended before it replied.',
    remedy: 'See `reason`; its supervisor may have restarted it, so a new call may succeed.',
  },
  no_such_operation: {
    kind: 'call',
    meaning: 'The server has no call or cast of that name.',
    remedy: 'Check the name against the calls and casts of the server module.',
  },
  refused: {
    kind: 'call',
    meaning: 'The server refused the call and goes on.',
    remedy: 'See the message and `cause`: they are what the server said.',
  },
  task_failed: {
    kind: 'call',
    meaning: 'The task of a pool threw.',
    remedy: 'See `cause`: it is what the task threw. The pool and its thread go on.',
  },
  task_ended: {
    kind: 'call',
    meaning: 'The thread of a pool ended before the task that it ran; it is replaced.',
    remedy: 'See `cause` for why it ended: `tag` and `detail` are as in an exit reason.',
  },
  api_removed: {
    kind: 'call',
    meaning: 'This part of Node.js reaches past the environment and is removed inside it.',
    remedy: 'Ask through a system call or a driver, or do it in the application itself.',
  },
  operation_refused: {
    kind: 'call',
    meaning: 'The operation is not possible in the present state.',
    remedy: 'See the message; ask for the state first.',
  },

  // One environment is lost or could not be started.
  start_failed: {
    kind: 'environment',
    meaning: 'The environment ended before it was ready.',
    remedy: 'See `reason` for what its module or its init did.',
  },
  module_missing: {
    kind: 'environment',
    meaning: 'The module cannot be found.',
    remedy: 'Check the path; a relative one is taken from the folder of the spec file.',
  },
  module_unfit: {
    kind: 'environment',
    meaning: 'The module cannot be loaded as an image, or exports no behaviour.',
    remedy: 'Export `server(...)`, `environment(...)` or `task(...)` as the default export.',
  },
  name_taken: {
    kind: 'environment',
    meaning: 'Another environment holds that name.',
    remedy: 'Choose another name, or end the holder first.',
  },
  limit_refused: {
    kind: 'environment',
    meaning: 'The operation would exceed one of the environment’s own limits.',
    remedy: 'Raise the limit that the message names, or free what it counts.',
  },

  // A supervisor refuses an operation on its children; nothing was changed. OTP's names.
  already_started: {
    kind: 'supervision',
    meaning: 'The supervisor has a child of that id, and it runs.',
    remedy: 'Use that one (`address`), or choose another id.',
  },
  already_present: {
    kind: 'supervision',
    meaning: 'The supervisor has the spec of a child of that id, which does not run.',
    remedy: 'Start it by `restartChild`, or forget it by `deleteChild` first.',
  },
  running: {
    kind: 'supervision',
    meaning: 'The operation needs a child that does not run, and this one does.',
    remedy: 'Stop it by `terminateChild` first.',
  },
  restarting: {
    kind: 'supervision',
    meaning: 'The operation needs a child that does not run, and this one is about to run again.',
    remedy: 'Stop that by `terminateChild` first, or wait until it runs.',
  },
  not_found: {
    kind: 'supervision',
    meaning: 'The supervisor has no such child, running or not.',
    remedy: 'Ask `whichChildren` for those that it has.',
  },
  simple_one_for_one: {
    kind: 'supervision',
    meaning: 'The operation has no meaning for the children of a template.',
    remedy: 'Start them by `startChild` and stop them by `terminateChild`, by their paths.',
  },
  max_children: {
    kind: 'supervision',
    meaning: 'The supervisor has as many children as its `maxChildren` allows.',
    remedy: 'End or delete one first, or raise `maxChildren`.',
  },
  bad_combination: {
    kind: 'supervision',
    meaning: 'A field of the child contradicts its supervisor.',
    remedy: 'See the message for the two fields, and change one of them.',
  },
  bad_argument: {
    kind: 'supervision',
    meaning: 'The supervisor starts its children from something else than what was given.',
    remedy: 'Give a template’s child `{ args }` or nothing, and any other child its spec.',
  },
  apply_undone: {
    kind: 'supervision',
    meaning: 'A node of the new spec did not start, so all is again as it was before the apply.',
    remedy: 'See `path` and `reason` for what did not start; mend that and apply again.',
  },
  apply_broken: {
    kind: 'supervision',
    meaning: 'A node of the new spec did not start, and on the way back neither did one that ran before.',
    remedy: 'See `path` and `reason`, and the events: what does not run yet is restarted as its spec says.',
  },
  revision_missing: {
    kind: 'supervision',
    meaning: 'The daemon has no such revision of the spec.',
    remedy: 'Ask `espalier history` for those that it has.',
  },
  shutdown: {
    kind: 'supervision',
    meaning: 'The supervisor is ending; what was under way is undone with it.',
    remedy: 'Nothing to do here; see the events for why it ends.',
  },

  // The spec is refused; nothing was started.
  spec_unreadable: {
    kind: 'spec',
    meaning: 'The spec file cannot be read or is neither YAML nor JSON.',
    remedy: 'Check the path and the syntax at the line given.',
  },
  spec_invalid: {
    kind: 'spec',
    meaning: 'The spec has problems; each is listed with path, value and remedy.',
    remedy: 'Mend each problem listed; docs/spec.md describes every field.',
  },
  spec_not_built: {
    kind: 'spec',
    meaning: 'The spec asks for something that this version does not build yet.',
    remedy: 'Leave the field out, or choose one of the values listed.',
  },

  // The kernel or the machine under it.
  host_stopped: {
    kind: 'host',
    meaning: 'The host has been stopped; its handle is of no more use.',
    remedy: 'Start a new host.',
  },
  host_unfit: {
    kind: 'host',
    meaning: 'This process or machine cannot hold what is asked.',
    remedy: 'See the message for what is missing or in the way.',
  },
  clock_stalled: {
    kind: 'host',
    meaning: 'The tree under a test clock did not come to rest, or nothing is left that could happen.',
    remedy: 'See docs/testing.md: what the clock waits for, and what it cannot see.',
  },
  daemon_unreachable: {
    kind: 'host',
    meaning: 'No daemon answers at the socket in that folder.',
    remedy: 'Start `espalierd`, or give the folder of the one that runs (`--folder`, ESPALIER_FOLDER).',
  },
  daemon_running: {
    kind: 'host',
    meaning: 'Another daemon runs in that folder.',
    remedy: 'Use that one, stop it, or give another folder.',
  },
  file_exists: {
    kind: 'host',
    meaning: 'A file that is to be written is there already, and may be somebody’s work.',
    remedy: 'Give another folder, or move it away.',
  },
  folder_unsafe: {
    kind: 'host',
    meaning: 'The folder of the daemon could be opened by others.',
    remedy: 'Make it a folder of the daemon’s own user with mode 0700.',
  },
  state_unreadable: {
    kind: 'host',
    meaning: 'What the daemon has kept in its folder cannot be read.',
    remedy: 'See the message for the file; put it back from a backup, or move it away.',
  },
  state_unwritable: {
    kind: 'host',
    meaning: 'The daemon cannot write to its folder, so it does not do what it could not keep.',
    remedy: 'See the message; make room on that disk, or let the user of the daemon write there.',
  },
  state_newer: {
    kind: 'host',
    meaning: 'What the daemon has kept in its folder was written by a newer version.',
    remedy: 'Start that version or a newer one, or give another folder.',
  },
  tree_absent: {
    kind: 'host',
    meaning: 'The daemon has no tree that runs.',
    remedy: 'Apply a spec: `espalier apply FILE`. `espalier status` says why there is none.',
  },
  not_ready: {
    kind: 'host',
    meaning: 'The tree that was applied last does not run.',
    remedy: 'See the message for why; apply a spec that can run, or wait while it is being started.',
  },
  request_malformed: {
    kind: 'call',
    meaning: 'The request is none of the admin API.',
    remedy: 'See `/v1/openapi.json` for the operations and what they take.',
  },
  token_refused: {
    kind: 'call',
    meaning: 'Who asks is not known: there is no token, or not any more.',
    remedy:
      'Give a token that the operator of the daemon has made: `Authorization: Bearer …` (docs/daemon.md).',
  },
  token_missing: {
    kind: 'call',
    meaning: 'There is no such token.',
    remedy: 'Ask for the tokens that there are.',
  },
  listen_failed: {
    kind: 'host',
    meaning: 'The daemon cannot listen at the address that it was given.',
    remedy: 'See the message; give another address, or the certificate and the key of this one.',
  },
  daemon_fault: {
    kind: 'host',
    meaning: 'The daemon met a defect of its own while it answered.',
    remedy: 'Please report it with what stands in the log of the daemon.',
  },
  ticket_refused: {
    kind: 'host',
    meaning: 'The join ticket cannot be issued or taken.',
    remedy: "Ask the cluster's root for a ticket that was made for this host's key.",
  },
  revocations_refused: {
    kind: 'host',
    meaning: 'The list of revoked hosts cannot be made or taken.',
    remedy: "Take the newest list that the cluster's root has signed, whole.",
  },
  kernel_fault: {
    kind: 'host',
    meaning: 'The kernel ended unexpectedly. This is a defect of Espalier.',
    remedy: 'Please report it with the `cause`.',
  },
} as const satisfies Record<string, ErrorCodeEntry>;

export type ErrorCode = keyof typeof ERROR_CODES;

type CodesOf<K extends ErrorKind> = {
  [C in ErrorCode]: (typeof ERROR_CODES)[C]['kind'] extends K ? C : never;
}[ErrorCode];

export type CallErrorCode = CodesOf<'call'>;
export type EnvironmentErrorCode = CodesOf<'environment'>;
export type SupervisionErrorCode = CodesOf<'supervision'>;
export type SpecErrorCode = CodesOf<'spec'>;
export type HostErrorCode = CodesOf<'host'>;
