/** Where to connect to: the addresses that the directory has, one after the other, with the login of the ticket. */
import type { Directory } from '@espalier/core/directory';

export class BrokerAddresses {
  readonly #directory: Pick<Directory, 'brokers'>;
  readonly #login: string | undefined;
  #tries = 0;

  /** `login`: `user:password`, as the ticket says. */
  constructor(directory: Pick<Directory, 'brokers'>, login: string | undefined) {
    this.#directory = directory;
    this.#login = login;
  }

  /** For the next try to connect; undefined: nobody has said yet where the broker is. */
  next(): string | undefined {
    const brokers = this.#directory.brokers().filter((broker) => /^amqps?:/.test(broker));
    const address = brokers[this.#tries % brokers.length];
    this.#tries += 1;
    return address === undefined ? undefined : this.#withLogin(address);
  }

  #withLogin(address: string): string {
    if (this.#login === undefined) return address;
    const url = new URL(address);
    const colon = this.#login.indexOf(':');
    const [user, password] =
      colon < 0 ? [this.#login, ''] : [this.#login.slice(0, colon), this.#login.slice(colon + 1)];
    url.username = encodeURIComponent(user);
    url.password = encodeURIComponent(password);
    return url.href;
  }
}
