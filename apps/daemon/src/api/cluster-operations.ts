/** The cluster that the host belongs to: to join, to leave, whom to shut out, and what is known of others. */
import type { ClusterStatus, JoinRequest, OwnNames } from '@espalier/supervisor/client';
import type { View } from '../access/view.js';
import type { Root } from '../drivers/root.js';
import type { ClusterFolder } from '../state/cluster-folder.js';

export class ClusterOperations {
  readonly #folder: ClusterFolder;
  readonly #root: Pick<Root, 'ask'>;

  constructor(folder: ClusterFolder, root: Pick<Root, 'ask'>) {
    this.#folder = folder;
    this.#root = root;
  }

  async status(): Promise<ClusterStatus> {
    const { host, publicKey, member } = this.#folder;
    const self = { host, publicKey };
    const nothing = { hosts: [], names: [], lost: null, revocations: null, problems: [] };
    if (member === undefined) return { ...self, ...nothing, cluster: null, bridge: 'off', brokers: [] };
    const { cluster } = member.membership;
    const report = await this.#root.ask('bridge');
    if (typeof report === 'string') {
      return { ...self, ...nothing, cluster, bridge: report, brokers: [...member.brokers] };
    }
    const marked = <T extends { readonly host: string }>(one: T) => ({ ...one, isSelf: one.host === host });
    return {
      ...self,
      cluster,
      bridge: report.connection,
      brokers: [...report.brokers],
      hosts: report.hosts.map((known) => ({ ...marked(known), brokers: [...known.brokers] })),
      names: report.names.map((name) => ({ ...name, holders: name.holders.map(marked) })),
      lost: report.lost,
      revocations: { ...report.revocations },
      problems: [...report.problems],
    };
  }

  /** Where there is no cluster it is as if nobody offered any. */
  async ownNames(view: Pick<View, 'outside'>): Promise<OwnNames> {
    const { host, member } = this.#folder;
    const report = member === undefined ? 'absent' : await this.#root.ask('bridge');
    if (typeof report === 'string') return { names: [] };
    const { tree } = await this.#root.ask('state');
    const names = report.names.flatMap(({ name, namespace, holders }) => {
      const path = namespace?.path ?? undefined;
      const seen = path === undefined ? undefined : view.outside(`${tree ?? ''}${path}`);
      if (seen === undefined) return [];
      const here = holders.some((holder) => holder.host === host);
      return [{ name, namespace: seen, here, elsewhere: holders.some((holder) => holder.host !== host) }];
    });
    return { names };
  }

  /** @throws HostError `ticket_refused`; CallError `operation_refused`: it is a member already. */
  async join({ ticket, brokers = [] }: JoinRequest): Promise<ClusterStatus> {
    await this.#folder.join(ticket, brokers);
    await this.#root.ask('renewBridge');
    return this.status();
  }

  async leave(): Promise<ClusterStatus> {
    await this.#folder.leave();
    await this.#root.ask('renewBridge');
    return this.status();
  }

  /** The bridge looks at its file itself. @throws HostError `revocations_refused`; CallError `operation_refused`. */
  async followRevocations(list: string): Promise<ClusterStatus> {
    await this.#folder.followRevocations(list);
    return this.status();
  }
}
