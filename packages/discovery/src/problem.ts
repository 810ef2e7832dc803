/** What can keep discovery from working as it should, each with its remedy. None is fatal: it goes on, and tries again. */
export interface Problem {
  readonly code: ProblemCode;
  /** Which link, host or file is meant. */
  readonly subject: string;
  readonly message: string;
  readonly remedy: string;
}

const PROBLEMS = {
  no_link: {
    message: 'there is no interface to speak over',
    remedy: 'Bring an interface up, or check `interfaces`; hosts of the static list are known all the same.',
  },
  port_refused: {
    message: 'UDP port 5353 cannot be had',
    remedy: 'End the program that holds UDP port 5353 alone, or let it share the port (SO_REUSEADDR).',
  },
  join_refused: {
    message: 'the multicast group cannot be joined',
    remedy: 'Check that the interface is up and carries multicast (`ip link show`).',
  },
  deaf: {
    message: 'nothing that is sent by multicast comes back',
    remedy:
      'Let UDP port 5353 through the firewall, in and out, and check that the interface carries multicast; ' +
      'or name the hosts in the static list.',
  },
  send_failed: {
    message: 'a packet could not be sent',
    remedy: 'Check the route and the firewall of the interface; the next packet is tried all the same.',
  },
  native_missing: {
    message: 'the native backend cannot be had, so the one in JavaScript serves',
    remedy: 'Install the package `mdns` (it is compiled) and run Avahi or Bonjour; or do not force `native`.',
  },
  native_ended: {
    message: 'the process that speaks to the responder of the system ended, and is started again',
    remedy:
      'Check that the responder runs (`systemctl status avahi-daemon`); or choose the backend `javascript`.',
  },
  names_out_of_reach: {
    message: 'a host serves its names over the broker, and they cannot be had',
    remedy:
      'Give discovery an `exchange`, and check that both hosts reach the broker; it is asked again at each beat.',
  },
  revocations_out_of_reach: {
    message: 'a host follows a newer list of revoked hosts, and it cannot be had',
    remedy: 'Give this host the newest list that the root has signed, or give discovery an `exchange`.',
  },
  key_revoked: {
    message: 'the root has revoked the key of this host, so nobody believes it',
    remedy: 'Make a new key for this host, and have the root sign a join ticket for it.',
  },
  key_used_twice: {
    message: 'another process speaks with the key of this host',
    remedy: 'Give each host a key of its own, and run one discovery with it.',
  },
} as const;

export type ProblemCode = keyof typeof PROBLEMS;

/** Those that this host has with another one, whose id is the subject. */
export const OF_OTHERS = [
  'names_out_of_reach',
  'revocations_out_of_reach',
] as const satisfies readonly ProblemCode[];

export function problem(code: ProblemCode, subject: string, cause?: unknown): Problem {
  const { message, remedy } = PROBLEMS[code];
  const why = cause instanceof Error ? `: ${cause.message}` : '';
  return { code, subject, message: `${subject}: ${message}${why}`, remedy };
}
