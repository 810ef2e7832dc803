/**
 * Images, as the root gets them: from the driver of images. One that ends for no fault of a build is asked again in its
 * next life; one that has used up its memory, or answers nothing for too long, costs whoever asked an error.
 */
import { CallError, EnvironmentError, HostError, type ExitReason } from '@espalier/core';
import type { Image, ImageMaker, ImageRequest } from '@espalier/core/internal/host.js';
import { errorOf } from '@espalier/supervisor/client';
import type { Built } from '../drivers/images.js';

export interface ImagesByDriverOptions {
  /** Asks the driver; rejects with `CallError` `down` if that ends first. */
  readonly ask: (request: ImageRequest) => Promise<Built>;
  /** Ends the driver, which is started again. */
  readonly kill: () => void;
  /** After so long without an answer it hangs. Milliseconds. */
  readonly silenceMs: number;
  /** Calls back after a time; what it gives takes that back. */
  readonly after: (delayMs: number, callback: () => void) => () => void;
}

const LIVES = 3;

export class ImagesByDriver implements ImageMaker {
  readonly #options: ImagesByDriverOptions;
  readonly #giveUp = new Set<(error: HostError) => void>();
  #underWay = 0;
  #cancel: (() => void) | undefined;
  /** The driver was killed, and what was asked of that life has not been rejected yet. */
  #hung = false;

  constructor(options: ImagesByDriverOptions) {
    this.#options = options;
  }

  /** @throws EnvironmentError `module_missing`, `module_unfit`; HostError `host_unfit`, `host_stopped`. */
  async build(request: ImageRequest): Promise<Image> {
    let giveUp: (error: HostError) => void = () => undefined;
    const givenUp = new Promise<never>((_resolve, reject) => {
      giveUp = reject;
    });
    this.#giveUp.add(giveUp);
    try {
      return await Promise.race([this.#build(request, LIVES), givenUp]);
    } finally {
      this.#giveUp.delete(giveUp);
    }
  }

  /** Whoever waits gets `HostError` `host_stopped`. */
  close(): void {
    for (const giveUp of this.#giveUp) giveUp(new HostError('host_stopped', 'the daemon ends'));
  }

  async #build(request: ImageRequest, lives: number): Promise<Image> {
    try {
      const built = await this.#watched(this.#options.ask(request));
      if (built.ok) return built.image;
      throw errorOf(built.problem);
    } catch (error) {
      if (!(error instanceof CallError) || error.code !== 'down') throw error;
      const over = this.#hung
        ? `took more than ${this.#options.silenceMs / 1000} s`
        : overLimit(error.reason);
      if (over === undefined && lives > 1) return await this.#build(request, lives - 1);
      throw unfit(request, over ?? 'ended its driver again and again', error);
    }
  }

  async #watched(answer: Promise<Built>): Promise<Built> {
    this.#underWay += 1;
    // The first of a new life.
    if (this.#underWay === 1) this.#hung = false;
    if (this.#cancel === undefined) this.#watch();
    try {
      return await answer;
    } finally {
      this.#underWay -= 1;
      this.#watch();
    }
  }

  /** From now on. */
  #watch(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (this.#underWay === 0 || this.#hung) return;
    this.#cancel = this.#options.after(this.#options.silenceMs, () => {
      this.#cancel = undefined;
      this.#hung = true;
      this.#options.kill();
    });
  }
}

/** Its thread has exceeded a limit, or its process, of which a driver in it only hears that the cell is gone. */
function overLimit(reason: ExitReason | undefined): string | undefined {
  const detail = reason?.detail;
  const exceeded = typeof detail === 'object' && detail !== null && 'limit' in detail;
  return exceeded ? 'used more memory than a build may' : undefined;
}

function unfit({ module }: ImageRequest, over: string, cause: CallError): EnvironmentError {
  return new EnvironmentError('module_unfit', `the build of ${module}, or of one beside it, ${over}`, {
    field: 'module',
    value: module,
    path: module,
    cause,
    remedy:
      'Apply it without what was added last; look for a module that is no source, or imports very much.',
  });
}
