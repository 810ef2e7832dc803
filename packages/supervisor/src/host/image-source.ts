/**
 * Who makes the images of a host: somebody else who was given, or the builder of its own, there while somebody needs images, and not in between, because its
 * thread and the bundler's process are worth more memory than starting them again costs time.
 */
import { ImageBuilder, type ApplicationTime, type ImageMaker } from '@espalier/core/internal/host.js';

export class ImageSource {
  #builder: ImageBuilder | undefined;
  #users = 0;
  #closing: Promise<unknown> = Promise.resolve();
  readonly #time: ApplicationTime;
  readonly #given: ImageMaker | undefined;

  constructor(time: ApplicationTime, given?: ImageMaker) {
    this.#time = time;
    this.#given = given;
  }

  /** Users at the same time share one builder, so that a module they both want is built once. */
  async use<T>(run: (maker: ImageMaker) => Promise<T>): Promise<T> {
    if (this.#given !== undefined) return this.#time.during(run(this.#given));
    this.#users += 1;
    this.#builder ??= new ImageBuilder();
    try {
      return await this.#time.during(run(this.#builder));
    } finally {
      this.#users -= 1;
      if (this.#users === 0) this.#close();
    }
  }

  /** Resolves when nothing is left of the builders that were closed so far. */
  settled(): Promise<unknown> {
    return this.#closing;
  }

  /** Whoever is using the own builder gets `HostError` `host_stopped`. */
  close(): Promise<unknown> {
    this.#close();
    return this.#closing;
  }

  #close(): void {
    const closing = this.#builder?.close();
    this.#builder = undefined;
    this.#closing = this.#time.during(Promise.all([this.#closing, closing]));
  }
}
