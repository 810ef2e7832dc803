/** Opening and closing a connection to the broker, and saying what is the matter where that fails. */
import amqp, { type ChannelModel, type Options } from 'amqplib';
import type { Clock } from '@espalier/core/internal/bridge.js';

/** What the files of the settings hold, read anew for each connection: certificates are renewed under running hosts. */
export interface TlsMaterial {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly servername?: string;
}

export interface Login {
  readonly user: string;
  readonly password: string;
}

export interface Access {
  /**
   * Asked at each try; where one does not answer the next one is tried. `amqp://user:password@host:port/vhost`, or `amqps:`.
   * None: it is not known yet where the broker is.
   */
  readonly urls: () => readonly string[];
  /** Throws where a file cannot be read any more. */
  readonly tls: () => TlsMaterial;
  /** For urls that name nobody. Without it a client certificate is the login, if there is one. */
  readonly login: Login | undefined;
}

const CONNECT_MS = 10_000;
const CLOSE_MS = 1000;

export async function openConnection(
  url: string,
  { tls, login }: Access,
  heartbeatS: number,
): Promise<ChannelModel> {
  const target = new URL(url);
  target.searchParams.set('heartbeat', String(heartbeatS));
  const material = target.protocol === 'amqps:' ? tls() : {};
  const credentials = credentialsFor(target, login, material);
  const connection = await amqp.connect(target.href, {
    timeout: CONNECT_MS,
    noDelay: true,
    ...material,
    ...(credentials === undefined ? {} : { credentials }),
  });
  // Without a listener an error would end the process; who uses it adds its own.
  connection.on('error', () => undefined);
  return connection;
}

/** In order if the broker answers, and at once if it does not. */
export async function closeConnection(connection: ChannelModel, clock: Clock): Promise<void> {
  const { stream } = connection.connection as unknown as { readonly stream: { destroy(): void } };
  let cancel = (): void => undefined;
  const late = new Promise<void>((resolve) => {
    cancel = clock.after(CLOSE_MS, resolve);
  });
  try {
    // One that was lost a moment ago is never closed in amqplib's eyes.
    await Promise.race([connection.close(), late]);
  } catch {
    // It is closed.
  }
  cancel();
  stream.destroy();
}

function credentialsFor(
  { username, password }: URL,
  login: Login | undefined,
  { cert }: TlsMaterial,
): Options.Connect['credentials'] {
  if (username !== '' || password !== '') return undefined;
  if (login !== undefined) return amqp.credentials.plain(login.user, login.password);
  return cert === undefined ? undefined : amqp.credentials.external();
}

export interface Hindrance {
  readonly why: string;
  readonly remedy: string;
}

const UNTRUSTED: Hindrance = {
  why: 'nobody who is trusted here has signed the certificate of the broker',
  remedy: 'Give the certificate of its authority in `tls.ca`.',
};
const OUT_OF_DATE: Hindrance = {
  why: 'the certificate of the broker has expired, or is not valid yet',
  remedy: 'Renew it, or set the clock of this machine.',
};
const NOT_TAKEN: Hindrance = {
  why: 'the broker does not take the certificate of this host, or was shown none',
  remedy:
    'Give one that its authority has signed, and that is valid now, in `tls.certificate` and `tls.key`.',
};

/** By Node's and OpenSSL's codes. */
const HINDRANCES: Readonly<Record<string, Hindrance>> = {
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  CERT_SIGNATURE_FAILURE: UNTRUSTED,
  CERT_HAS_EXPIRED: OUT_OF_DATE,
  CERT_NOT_YET_VALID: OUT_OF_DATE,
  ERR_TLS_CERT_ALTNAME_INVALID: {
    why: 'the certificate of the broker is that of another host',
    remedy: 'Write the host in `url` as its certificate does, or give the name there in `tls.serverName`.',
  },
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: NOT_TAKEN,
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: NOT_TAKEN,
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: NOT_TAKEN,
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: NOT_TAKEN,
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: NOT_TAKEN,
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: NOT_TAKEN,
  ERR_SSL_WRONG_VERSION_NUMBER: {
    why: 'the broker does not speak TLS at that port',
    remedy: 'Write the port of its TLS listener, or `amqp:`.',
  },
};

const ACCESS_REFUSED = 403;

/**
 * Without anything that the settings or the broker say: a password may stand there. `isOpen`: the broker has let us in;
 * undefined for what is no fault of the configuration.
 */
export function hindranceOf(error: unknown, isOpen: boolean): Hindrance | undefined {
  const code = (error as { readonly code?: unknown } | undefined)?.code;
  if (code === ACCESS_REFUSED)
    return {
      why: 'the login may not use what a bridge needs',
      remedy: 'Let it configure, write and read `espalier\\..*`, and write `amq.default`.',
    };
  if (isOpen) return undefined;
  if (typeof code !== 'string')
    return {
      why: 'the broker has ended the handshake',
      remedy:
        'Check the login (in `url`, in the ticket, or the certificate), its rights, and the virtual host.',
    };
  return (
    HINDRANCES[code] ?? {
      why: `the broker cannot be reached (${code})`,
      remedy: 'Check its address (`url`, or `--broker`), whether it runs, and the firewalls on the way.',
    }
  );
}

/** Why a connection was lost, without what the other side says. */
export function reasonOf(error: unknown): string {
  if (typeof error === 'string') return error;
  const code = (error as { readonly code?: unknown } | undefined)?.code;
  const isKnown = typeof code === 'string' || typeof code === 'number';
  return isKnown ? `the connection ended with ${code}` : 'the connection was closed';
}
