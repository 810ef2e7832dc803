/** Whether the native backend can be had here: the package, which nobody installs for us, and a responder to speak to. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

export type NativeProbe = { readonly module: string } | { readonly missing: string };

const AVAHI_SOCKETS = ['/run/avahi-daemon/socket', '/var/run/avahi-daemon/socket'];

/** Looks for the package beside this one and in the folder that the process runs in. Loads nothing. */
export function probeNative(): NativeProbe {
  const module = [import.meta.url, join(process.cwd(), 'package.json')]
    .map(resolveFrom)
    .find((path) => path !== undefined);
  if (module === undefined) return { missing: 'the package `mdns` is not installed' };
  if (process.platform === 'darwin' || AVAHI_SOCKETS.some((path) => existsSync(path))) return { module };
  return { missing: 'no responder of the system runs (Avahi with its compatibility library, or Bonjour)' };
}

function resolveFrom(place: string): string | undefined {
  try {
    return createRequire(place).resolve('mdns');
  } catch {
    return undefined;
  }
}
