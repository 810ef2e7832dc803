/**
 * mDNS by the responder of the system (Avahi, Bonjour), through the native `mdns` package in a child process. When that
 * child ends, another one takes up what it was told; nothing is lost but a second.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Clock } from '@espalier/core/internal/clock.js';
import type { Backend, BackendStatus } from '../backend.js';
import type { Browser } from '../mdns/querier.js';
import type { Publication } from '../mdns/responder.js';
import type { ServiceFacts } from '../mdns/service.js';
import { problem } from '../problem.js';
import type { Problems } from '../problems.js';
import { encodeTxt, type Txt } from '../records/txt.js';
import { packTxt, unpackTxt, type FromNative, type ToNative } from './native-messages.js';

export interface NativeParts {
  readonly clock: Clock;
  /** Where the package lies. */
  readonly module: string;
  readonly problems: Problems;
}

// Asked when it is wanted: in a bundle, which never wants it, there is no such file.
const childScript = (): string => fileURLToPath(new URL('./native-child.js', import.meta.url));
/** Between the end of a child and the start of the next one. */
const RESTART_MS = { first: 500, most: 30_000 };
/** So long nothing of ours is heard before it is reported. */
const DEAF_AFTER_MS = 5000;
const LINK = 'system';

export function nativeBackend(parts: NativeParts): Backend {
  return new NativeBackend(parts);
}

class NativeBackend implements Backend {
  readonly #parts: NativeParts;
  readonly #published = new Map<string, ToNative & { readonly do: 'publish' }>();
  readonly #browsers = new Map<string, Browser>();
  #child: ChildProcess | undefined;
  #pause = RESTART_MS.first;
  #hearing: 'trying' | 'heard' | 'deaf' = 'trying';
  /** What the last child that failed said. */
  #why = 'without a word';
  #closed = false;

  constructor(parts: NativeParts) {
    this.#parts = parts;
    this.#start();
    parts.clock.after(DEAF_AFTER_MS, () => {
      if (this.#closed || this.#hearing === 'heard') return;
      this.#hearing = 'deaf';
      parts.problems.report(problem('deaf', LINK));
    });
  }

  publish({ type, label, port }: ServiceFacts, txt: Txt): Publication {
    const key = `${label}.${type}`;
    const set = (next: Txt): ToNative & { readonly do: 'publish' } => {
      const order = { do: 'publish', type, label, port, txt: packTxt(encodeTxt(next)) } as const;
      this.#published.set(key, order);
      return order;
    };
    this.#tell(set(txt));
    return {
      update: (next) => this.#tell({ ...set(next), do: 'update' }),
      withdraw: () => {
        this.#published.delete(key);
        this.#tell({ do: 'withdraw', type, label });
      },
    };
  }

  browse(type: string, browser: Browser): void {
    this.#browsers.set(type, browser);
    this.#tell({ do: 'browse', type });
  }

  refresh(type: string, label: string): void {
    this.#tell({ do: 'refresh', type, label });
  }

  status(): BackendStatus {
    return { links: [{ id: LINK, hearing: this.#hearing }], dropped: { malformed: 0, flood: 0 } };
  }

  async close(): Promise<void> {
    this.#closed = true;
    const child = this.#child;
    if (child === undefined) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    // The responder says goodbye for whoever leaves it.
    child.stdin?.end();
    const cancel = this.#parts.clock.after(RESTART_MS.first, () => child.kill('SIGKILL'));
    await ended;
    cancel();
  }

  #start(): void {
    if (this.#closed) return;
    // It complains on stderr of every program that uses Avahi in this way.
    const env = { ...process.env, AVAHI_COMPAT_NOWARN: '1' };
    const child = spawn(process.execPath, [childScript(), this.#parts.module], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env,
    });
    this.#child = child;
    child.unref();
    child.on('error', () => undefined);
    // Not at its exit: its last word may still be on the way.
    child.on('close', (code, signal) => this.#ended(child, signal ?? String(code)));
    child.stdin.on('error', () => undefined);
    createInterface({ input: child.stdout }).on('line', (line) => this.#hear(JSON.parse(line) as FromNative));
    for (const type of this.#browsers.keys()) this.#tell({ do: 'browse', type });
    for (const order of this.#published.values()) this.#tell(order);
  }

  #ended(child: ChildProcess, how: string): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    if (this.#closed) return;
    this.#parts.problems.report(problem('native_ended', LINK, new Error(`${how}, ${this.#why}`)));
    this.#parts.clock.after(this.#pause, () => this.#start());
    this.#pause = Math.min(RESTART_MS.most, this.#pause * 2);
  }

  #hear(line: FromNative): void {
    if (this.#closed) return;
    if (line.say === 'failed') {
      this.#why = line.why;
      return;
    }
    const { type, label } = line;
    if (line.say === 'gone') {
      this.#browsers.get(type)?.gone({ type, label });
      return;
    }
    if (this.#published.has(`${label}.${type}`)) {
      this.#hearing = 'heard';
      for (const code of ['deaf', 'native_ended'] as const) this.#parts.problems.over(code, LINK);
      this.#pause = RESTART_MS.first;
    }
    this.#browsers.get(type)?.found({ type, label, strings: unpackTxt(line.txt), port: line.port });
  }

  #tell(order: ToNative): void {
    this.#child?.stdin?.write(`${JSON.stringify(order)}\n`);
  }
}
