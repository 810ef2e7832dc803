import type { Discovery } from './discovery.js';
import { DiscoveryDriver } from './driver.js';
import { javascriptBackend } from './mdns/javascript-backend.js';
import { readOptions, type DiscoveryOptions } from './options.js';

/**
 * Makes this host known on its links, and others known to it. Returns at once, and waits for nothing; what does not
 * work on this machine comes as a problem with its remedy, never as an error. It does not hold the process.
 *
 * @throws HostError `host_unfit` for an option that cannot be (`field`, `value`); nothing else
 */
export function startDiscovery(options: DiscoveryOptions): Discovery {
  const settings = readOptions(options);
  const { multicast, interfaces, membership, time } = settings;
  if (!multicast) return new DiscoveryDriver(settings);
  return new DiscoveryDriver(settings, (report) =>
    javascriptBackend({ ...time, hostLabel: membership.host, interfaces, report }),
  );
}
