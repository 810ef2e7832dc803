/** The programs that these tests run, each with its Debian package. */
import { spawnSync } from 'node:child_process';

/** For networks of hosts. */
export const NETWORK_TOOLS = { ip: 'iproute2', nft: 'nftables', unshare: 'util-linux', sysctl: 'procps' };
/** For the responder of the system. */
export const AVAHI_TOOLS = {
  'avahi-daemon': 'avahi-daemon',
  'avahi-browse': 'avahi-utils',
  'dbus-daemon': 'dbus-daemon',
};
/** What the package `mdns` is compiled against. */
export const AVAHI_HEADER = {
  path: '/usr/include/avahi-compat-libdns_sd/dns_sd.h',
  package: 'libavahi-compat-libdnssd-dev',
};

/** Those that are not here. @param {Readonly<Record<string, string>>} tools */
export function missingTools(tools) {
  return Object.keys(tools).filter(
    (tool) => spawnSync(tool, ['--version'], { stdio: 'ignore' }).error !== undefined,
  );
}

/** Which are not here and how to get them, or nothing. @param {Readonly<Record<string, string>>} tools */
export function whatIsMissing(tools) {
  const missing = missingTools(tools);
  const packages = [...new Set(missing.map((tool) => tools[tool]))];
  return missing.length > 0 ? `${missing.join(', ')} missing (install ${packages.join(', ')})` : undefined;
}
