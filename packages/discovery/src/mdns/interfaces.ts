/** Which links a machine offers now, out of the list of its interfaces. Pure. */
import type { NetworkInterfaceInfo } from 'node:os';

export interface LinkPlace {
  /** `<interface>/<4 or 6>`. */
  readonly id: string;
  readonly family: 4 | 6;
  readonly interfaceName: string;
  /** For joining and sending: an IPv4 address, or `::%<interface>`. */
  readonly via: string;
  readonly addresses: readonly { readonly family: 4 | 6; readonly address: string }[];
  /** Whether a packet's sender is on this link, by its address (RFC 6762, section 11). */
  readonly isOnLink: (sender: string) => boolean;
}

export type InterfaceList = Readonly<NodeJS.Dict<NetworkInterfaceInfo[]>>;

/** Those named; or, of all, those that lead out of the machine. */
export function linkPlaces(list: InterfaceList, wanted: readonly string[] | undefined): LinkPlace[] {
  return Object.entries(list).flatMap(([name, infos = []]) => {
    if (wanted === undefined ? infos.some(({ internal }) => internal) : !wanted.includes(name)) return [];
    const addresses = infos.map(
      ({ family, address }) => ({ family: family === 'IPv4' ? 4 : 6, address }) as const,
    );
    const v4 = infos.filter(({ family }) => family === 'IPv4');
    const v6 = infos.filter(({ family, address }) => family === 'IPv6' && address.startsWith('fe80:'));
    return [...placeOver4(name, v4, addresses), ...placeOver6(name, v6, addresses)];
  });
}

/** Two lists of one machine differ in this where a link has to be opened anew. */
export function placeKey({ id, via, addresses }: LinkPlace): string {
  return [id, via, ...addresses.map(({ address }) => address)].join(' ');
}

function placeOver4(
  interfaceName: string,
  infos: readonly NetworkInterfaceInfo[],
  addresses: LinkPlace['addresses'],
): LinkPlace[] {
  const [first] = infos;
  if (first === undefined) return [];
  const nets = infos.map(({ address, netmask }) => ({
    mask: number4(netmask),
    net: number4(address) & number4(netmask),
  }));
  const isOnLink = (sender: string): boolean =>
    nets.some(({ mask, net }) => (number4(sender) & mask) === net);
  return [{ id: `${interfaceName}/4`, family: 4, interfaceName, via: first.address, addresses, isOnLink }];
}

function placeOver6(
  interfaceName: string,
  infos: readonly NetworkInterfaceInfo[],
  addresses: LinkPlace['addresses'],
): LinkPlace[] {
  if (infos.length === 0) return [];
  const isOnLink = (sender: string): boolean =>
    sender.startsWith('fe80:') && sender.endsWith(`%${interfaceName}`);
  return [
    { id: `${interfaceName}/6`, family: 6, interfaceName, via: `::%${interfaceName}`, addresses, isOnLink },
  ];
}

function number4(address: string): number {
  return address.split('.').reduce((sum, part) => (sum << 8) | Number(part), 0);
}
