/**
 * What an image is: one function as text, the inventory of what went into it, and one hash over both.
 *
 * Invariants: an image is plain data that can be posted to a thread; `hash` covers the manifest, and
 * the manifest covers the code and the folder of external packages, so that whoever knows the hash
 * knows every byte that will run. Base folder, source map and code cache are conveniences of this
 * machine and not part of what is named by the hash.
 */
import { createHash } from 'node:crypto';

/** Part of every cache key: raise it when the shape of an image or the way it is built changes. */
export const IMAGE_FORMAT = 1;

/** `sha256-` and 64 hexadecimal digits. */
export type Hash = `sha256-${string}`;

/** One source file that was bundled. `path` is relative to the image's base folder, with `/`. */
export interface ImageFile {
  readonly path: string;
  readonly bytes: number;
  readonly hash: Hash;
}

/** One package of which files are bundled, or that lies in the folder of external packages. */
export interface ImagePackage {
  readonly name: string;
  readonly version: string;
  /** How many of its files are in the image. */
  readonly files: number;
  readonly external: boolean;
}

export interface ImageManifest {
  readonly format: number;
  /** The entry file, relative to the base folder, with `/`. */
  readonly entry: string;
  readonly code: Hash;
  readonly files: readonly ImageFile[];
  readonly packages: readonly ImagePackage[];
  /** Built-in modules asked for by name, e.g. `node:fs`. */
  readonly builtins: readonly string[];
  /** Modules of Espalier that the given `require` has to provide, e.g. `@espalier/core`. */
  readonly provided: readonly string[];
  /** Packages that could not be bundled: their names and the hash of the folder that holds them. */
  readonly externals: { readonly names: readonly string[]; readonly hash: Hash } | null;
}

export interface Image {
  readonly hash: Hash;
  /** A script whose value is the function `(require, module, exports, meta) => void`. */
  readonly code: string;
  readonly manifest: ImageManifest;
  /** Absolute folder that `manifest.entry` and the paths of the source map are relative to. */
  readonly base: string;
  /** The source map (version 3, without sources' contents): its text, or the file that holds it. */
  readonly sourceMap: { readonly text: string } | { readonly file: string };
  /** V8's code cache for `code`; only this build of Node takes it, any other compiles afresh. */
  readonly codeCache: Uint8Array | null;
  /** Absolute folder of the external packages, or null where everything is bundled. */
  readonly folder: string | null;
}

export function hashBytes(bytes: string | Uint8Array): Hash {
  return `sha256-${createHash('sha256').update(bytes).digest('hex')}`;
}

export function hashManifest(manifest: ImageManifest): Hash {
  return hashBytes(JSON.stringify(manifest));
}

/**
 * Whether `code` and `manifest` are those that `hash` names. For the kernel's side, before it hands an
 * image to a thread; the folder of external packages is verified by the builder, when it is read.
 */
export function isIntact(image: Pick<Image, 'hash' | 'code' | 'manifest'>): boolean {
  return hashManifest(image.manifest) === image.hash && hashBytes(image.code) === image.manifest.code;
}
