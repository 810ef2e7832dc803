/**
 * What the builder and its build thread say to each other. Both sides are ours and of one version, so
 * the shapes are types only.
 */
import type { EnvironmentErrorCode } from '../error-codes.js';
import type { Evidence } from './evidence.js';
import type { Image } from './image.js';
import type { ModuleLocation } from './module-location.js';

export interface BuildJob {
  /** Names the cache entry; see cache.ts. */
  readonly key: string;
  readonly location: ModuleLocation;
  /** Absolute real path. */
  readonly base: string;
  readonly external: readonly string[];
  /** Where cache entries may be kept, best first. */
  readonly caches: readonly string[];
  /** Where folders of external packages may be kept, best first. */
  readonly folders: readonly string[];
}

/** Why a module gives no image: the facts of an EnvironmentError, ready to be posted. */
export interface BuildFailure {
  readonly code: Extract<EnvironmentErrorCode, 'module_missing' | 'module_unfit'>;
  readonly message: string;
  readonly value: string;
  /** `file:line:column`, or the file alone. */
  readonly path: string;
  readonly remedy: string;
  /** The bundler's own text. */
  readonly cause: string;
}

/** Why nothing can be built here: the facts of a HostError, ready to be posted. */
export interface BuildFault {
  readonly message: string;
  readonly field: string;
  readonly remedy: string;
  readonly cause: string;
}

/** An image with what has to be known to use it again. */
export interface BuiltImage {
  readonly image: Image;
  readonly evidence: Evidence;
}

export type ToBuildThread =
  { readonly kind: 'build'; readonly id: number; readonly job: BuildJob } | { readonly kind: 'close' };

export type FromBuildThread =
  | { readonly kind: 'built'; readonly id: number; readonly image: Image }
  | { readonly kind: 'failed'; readonly id: number; readonly failure: BuildFailure }
  | { readonly kind: 'broken'; readonly id: number; readonly fault: BuildFault };

export function bundlerBroken(cause: string): BuildFault {
  return {
    message: 'Images cannot be built here: the bundler does not run',
    field: 'module',
    remedy:
      'Mostly esbuild is not installed for this platform: install again without omitting optional packages.',
    cause,
  };
}
