/** What the boot value of an environment in a thread holds; the loader makes it, the thread's runtime reads it. */
import type { Image } from '../images/image.js';
import type { PoolOptions } from '../pool/pool-boot.js';

export interface GuestBoot {
  readonly image: Image;
  readonly args: unknown;
  readonly bindings: Readonly<Record<string, unknown>>;
  /** So many timers may be under way. Default: any number. */
  readonly mostTimers?: number;
  /** The environment is the host of a pool, whose threads evaluate the image. */
  readonly pool?: PoolOptions;
}
