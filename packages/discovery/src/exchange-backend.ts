/**
 * The same records as on the link, through the broker: for hosts that no multicast reaches. What a host says of itself is
 * told to all; its pages of names are asked for one by one, by who misses them.
 */
import type { DirectoryExchange } from '@espalier/core/directory';
import type { Backend } from './backend.js';
import type { Browser } from './mdns/querier.js';
import type { Publication } from './mdns/responder.js';
import { HOST_TYPE } from './records/host-record.js';
import { encodeTxt, packStrings, unpackStrings, type Txt } from './records/txt.js';

export interface ExchangeParts {
  readonly exchange: DirectoryExchange;
  /** Answers questions that are not for a record. */
  readonly answer: (question: Uint8Array) => Uint8Array;
}

interface Published {
  txt: Txt;
  readonly asked: () => void;
}

/** What the question for a record begins with; others are JSON. */
const RECORD = 'record ';
/** Records asked for at a time; the others are asked for when their hosts are heard again. */
const MAX_ASKING = 64;
/** Instances of hosts and pages begin with the host's id. */
const ID_LENGTH = 32;

export function exchangeBackend({ exchange, answer }: ExchangeParts): Backend {
  const published = new Map<string, Published>();
  const browsers = new Map<string, Browser>();
  const asking = new Set<string>();
  let malformed = 0;

  const tell = (type: string, label: string, bytes: Uint8Array): void => {
    // He has no such record any more.
    if (bytes.length === 0) return;
    const strings = unpackStrings(bytes);
    if (strings === undefined) malformed += 1;
    else browsers.get(type)?.found({ type, label, strings, port: undefined });
  };
  const end = exchange.join({
    heard: (host, notice) => tell(HOST_TYPE, host, notice),
    answer: (question) => {
      const text = Buffer.from(question).toString();
      if (!text.startsWith(RECORD)) return answer(question);
      const one = published.get(text.slice(RECORD.length));
      // It may be renewed for who asks.
      one?.asked();
      return one === undefined ? new Uint8Array() : packStrings(encodeTxt(one.txt));
    },
  });
  return {
    publish: ({ type, label }, txt, asked): Publication => {
      const key = `${type} ${label}`;
      const one: Published = { txt, asked };
      const say = (): void => {
        if (type === HOST_TYPE) exchange.say(packStrings(encodeTxt(one.txt)));
      };
      published.set(key, one);
      say();
      return {
        update: (next) => {
          one.txt = next;
          say();
        },
        withdraw: () => {
          published.delete(key);
        },
      };
    },
    browse: (type, browser) => {
      browsers.set(type, browser);
    },
    refresh: (type, label) => {
      const key = `${type} ${label}`;
      if (asking.has(key) || asking.size >= MAX_ASKING) return;
      asking.add(key);
      const got = exchange.ask(label.slice(0, ID_LENGTH), Buffer.from(RECORD + key));
      const over = (): unknown => asking.delete(key);
      // Whom the broker does not reach may be there all the same: his lease decides.
      got.then((bytes) => tell(type, label, bytes), over).finally(over);
    },
    status: () => ({ links: [], dropped: { malformed, flood: 0 } }),
    close: async () => {
      end();
    },
  };
}
