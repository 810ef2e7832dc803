import type { Backend } from './backend.js';
import type { Discovery } from './discovery.js';
import { DiscoveryDriver } from './driver.js';
import { javascriptBackend } from './mdns/javascript-backend.js';
import { nativeBackend } from './native/native-backend.js';
import { probeNative } from './native/probe-native.js';
import { readOptions, type DiscoveryOptions, type Settings } from './options.js';
import { problem } from './problem.js';
import type { Problems } from './problems.js';

/**
 * Makes this host known on its links, and others known to it. Returns at once, and waits for nothing; what does not
 * work on this machine comes as a problem with its remedy, never as an error. It does not hold the process.
 *
 * @throws HostError `host_unfit` for an option that cannot be (`field`, `value`), `revocations_refused` for a list of
 *   revoked hosts that is none of this root; nothing else
 */
export function startDiscovery(options: DiscoveryOptions): Discovery {
  const settings = readOptions(options);
  if (!settings.multicast) return new DiscoveryDriver(settings);
  return new DiscoveryDriver(settings, (problems) => chooseBackend(settings, problems));
}

function chooseBackend(settings: Settings, problems: Problems): Backend {
  const { backend, interfaces, membership, time } = settings;
  // The responder of the system has interfaces of its own choice.
  if (backend === 'native' || (backend === 'auto' && interfaces === undefined)) {
    const probed = probeNative();
    if ('module' in probed) return nativeBackend({ clock: time.clock, module: probed.module, problems });
    if (backend === 'native') problems.report(problem('native_missing', 'native', new Error(probed.missing)));
  }
  return javascriptBackend({ ...time, hostLabel: membership.host, interfaces, problems });
}
