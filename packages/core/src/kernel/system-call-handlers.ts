/** What each system call does. One handler for each name of the list; the dispatcher has no other way in. */
import { GUEST_EXIT_TAGS } from '../exit-reason.js';
import { isWithin } from '../node-path.js';
import type { Target, SystemCall, SystemCallName } from '../protocol/system-calls.js';
import { spawnOwner } from './spawn-owner.js';
import type { Environment } from './environment.js';
import type { KernelEvent } from './events.js';
import type { Guest } from './guest.js';
import type { MonitorRecord } from './identity.js';
import { NOPROC } from './lifecycle.js';
import { nameIn } from './names.js';
import type { HandlerParts, LoadResult } from './parts.js';
import { spaceIn } from './starter.js';
import { supervise } from './supervise.js';

type Call<N extends SystemCallName> = Extract<SystemCall, { readonly call: N }>;

/** Who calls, what, and the guest that the answer goes to: the caller's. */
type Handlers = {
  readonly [N in SystemCallName]: (caller: Environment, call: Call<N>, guest: Guest) => void;
};

/** Spawned environments have no spec that says how long they may take to end. */
const CHILD_SHUTDOWN_MS = 5000;

/** Of a notice `gone` about whom the guest has no channel to. */
const NOBODY = { notice: 'gone', channel: 0, slot: 0, closes: false, reason: NOPROC } as const;

export function systemCallHandlers(kernel: HandlerParts): Handlers {
  const { parts, lifecycle, starter, tree } = kernel;
  const { names, channels } = parts;
  let lastBeside = 0;

  /** Whom the caller means, if it may deal with it: who may not hears what it would hear of nobody. */
  const find = (caller: Environment, target: Target): Environment | undefined => {
    const { guest } = caller;
    const found = typeof target === 'string' ? names.holder(caller.named(target)) : guest.behind(target);
    return found !== undefined && names.reaches(guest, found) ? found : undefined;
  };
  /** A cell may speak of itself and of what is in it. */
  const isInside = (cell: Environment, path: string, space = ''): boolean => {
    const inside = isWithin(path, cell.path) && (space === '' || isWithin(space, cell.path));
    if (!inside) kernel.violation(cell.guest, 'it speaks of what is not in it');
    return inside;
  };
  const watch = (watcher: Environment, target: Environment): number => {
    const record: MonitorRecord = { id: ++watcher.lastMonitor, watcher, target };
    watcher.watching.set(record.id, record);
    target.watchers.add(record);
    return record.id;
  };
  /** One in the thread of its parent is what that is, but for its mailbox; it hangs when that does. */
  const load = (parent: Environment, { request, beside, name }: Call<'spawn'>): Promise<LoadResult> => {
    if (beside === undefined) return parts.loader(request, parent.path);
    const own = { boot: request, name: name ?? null, terms: beside, unresponsiveMs: 'infinity' } as const;
    return Promise.resolve({ ok: true, id: `beside-${++lastBeside}`, spec: { ...parent.spec, ...own } });
  };
  const join = (one: Environment, other: Environment): void => {
    one.links.add(other);
    other.links.add(one);
    lifecycle.tellLinked(other, one, true);
  };

  return {
    ready(caller, call) {
      lifecycle.ready(caller, call.ignore);
    },

    exit(caller, call, guest) {
      if (!('signal' in call)) {
        caller.kept = call.kept === true;
        return lifecycle.announced(caller, { tag: call.tag, detail: call.detail });
      }
      const reason = caller.signals.get(call.signal);
      if (reason === undefined) kernel.violation(guest, 'an exit by a signal that was not sent');
      else lifecycle.announced(caller, reason);
    },

    spawn(parent, call, guest) {
      parent.spawning++;
      void load(parent, call).then((loaded) => {
        parent.spawning--;
        if (!parent.alive) return;
        if (!loaded.ok) return guest.refuse(call.id, loaded.code, loaded.text);
        const { mostChildren = Infinity } = parent.spec;
        if (parent.children.size >= mostChildren)
          return guest.refuse(
            call.id,
            'limit_refused',
            `the limit \`children\`: ${mostChildren} of them live`,
          );
        const thread = call.beside && parent.thread?.beside?.();
        if (call.beside !== undefined && thread === undefined)
          return guest.refuse(call.id, 'operation_refused', 'there is one environment to a thread here');
        const owner = spawnOwner(
          parent,
          parts.observe,
          (child) => {
            if (!parent.alive) return;
            if (call.link) join(parent, child);
            const monitor = call.monitor ? watch(parent, child) : 0;
            guest.answer(call.id, { handle: guest.pass(child.identity), monitor });
          },
          (reason) => guest.refuse(call.id, 'start_failed', undefined, reason),
        );
        // Beside it, who is to have a name can be started before the one that has it ends: senders see no gap.
        const keeper = call.beside && parent;
        const start = { kind: 'environment', spec: loaded.spec, thread } as const;
        const started = starter.start(`${parent.path}/${loaded.id}`, start, guest.space, {
          ...owner,
          keeper,
        });
        if (started.ok) parent.children.add(started.environment);
        else {
          thread?.terminate();
          guest.refuse(call.id, 'start_failed', undefined, started.reason);
        }
      });
    },

    register(caller, { id, name, space }, guest) {
      const { keeper } = caller;
      // A cell keeps names for what runs in it; one of those takes that of its spec.
      if (guest.role === 'cell') {
        const kept = nameIn(spaceIn(guest, space), name);
        if (isInside(caller, caller.path, space) && names.keep(kept, keeper)) caller.names.add(kept);
        return;
      }
      const full = caller.named(name);
      const isOwn = guest.home !== undefined && full === caller.name;
      names.hold(full, caller, isOwn ? keeper : undefined, (held) => {
        if (held) guest.answer(id, undefined);
        else guest.refuse(id, 'name_taken', `the name '${name}' is taken`);
      });
    },

    unregister(caller, { id, name, space }, guest) {
      const full = guest.role === 'cell' ? nameIn(spaceIn(guest, space), name) : caller.named(name);
      if (guest.role === 'cell') {
        if (!isInside(caller, caller.path, space)) return;
        caller.names.delete(full);
        names.giveUp(full, caller.keeper);
      } else if (caller.names.has(full)) {
        names.release(full, caller);
        guest.answer(id, undefined);
      } else {
        guest.refuse(id, 'noproc', `the name '${name}' is not held by the caller`);
      }
    },

    resolve(caller, call, guest) {
      const name = caller.named(call.name);
      if (call.follow) return guest.answer(call.id, names.follow(name, guest));
      const holder = names.holder(name);
      guest.answer(call.id, holder === undefined ? undefined : guest.pass(holder.identity));
    },

    connect(caller, call, guest) {
      const environment = find(caller, call.handle);
      if (environment === undefined) guest.refuse(call.id, 'noproc');
      else guest.answer(call.id, channels.peer(guest, environment));
    },

    monitor(caller, call, guest) {
      const target = find(caller, call.target);
      const monitor = target === undefined ? ++caller.lastMonitor : watch(caller, target);
      guest.answer(call.id, monitor);
      if (target === undefined) guest.notify({ ...NOBODY, downs: [{ env: call.env, monitor }], exits: [] });
    },

    demonitor(caller, call) {
      const record = caller.watching.get(call.monitor);
      if (record === undefined) return;
      caller.watching.delete(record.id);
      record.target.watchers.delete(record);
    },

    link(caller, { env, handle }, guest) {
      const other = find(caller, handle);
      if (other === caller) return;
      if (other !== undefined) return join(caller, other);
      const signal = lifecycle.expectEnd(caller, NOPROC);
      guest.notify({ ...NOBODY, downs: [], exits: [{ env, signal, handle }] });
    },

    unlink(caller, call, guest) {
      const other = guest.behind(call.handle);
      other?.links.delete(caller);
      if (other !== undefined && caller.links.delete(other)) lifecycle.tellLinked(other, caller, false);
      guest.answer(call.id, undefined);
    },

    signal(caller, call, guest) {
      const target = find(caller, call.target);
      if (target === undefined) return;
      // A link to another namespace carries exit signals, which may be trapped; nobody is killed from there.
      if (call.kind === 'kill') {
        if (!guest.isForeignTo(target.guest)) lifecycle.kill(target);
      } else if (!caller.children.has(target) && !GUEST_EXIT_TAGS.some((tag) => tag === call.tag))
        kernel.violation(guest, 'a reason that only the kernel gives');
      else lifecycle.signal(target, { tag: call.tag, detail: call.detail }, caller, false);
    },

    trapExits(caller, call) {
      if (caller.trapsExits) caller.trappedUntil = parts.realClock.now();
      caller.trapsExits = call.on;
    },

    ticket(_caller, call, guest) {
      const peer = channels.peerAt(guest, call.channel);
      const identity = guest.identity(call.handle);
      const record = guest.channels.get(call.channel);
      // Who can keep no more gets an address that leads nowhere, and the message all the same.
      if (peer === undefined || identity === undefined || peer.isFull) return guest.refuse(call.id, 'noproc');
      const ticket = record === undefined ? (call.ticket ?? 0) : ++record.tickets;
      const channel = channels.number(peer, guest);
      peer.notify({ notice: 'ticket', channel, ticket, handle: peer.pass(identity) });
      guest.answer(call.id, ticket);
    },

    drop(_caller, call, guest) {
      for (const [at, handle] of call.handles.entries()) guest.drop(handle, call.counts[at] ?? 1);
    },

    blocked({ path }, { channel, slot, on }, guest) {
      const receiver = channels.at(guest, channel, slot)?.path;
      if (receiver !== undefined) parts.observe({ kind: on ? 'blocked' : 'unblocked', path, receiver });
    },

    undelivered({ path }, { target, cause, count }) {
      parts.observe({ kind: 'undelivered', path, target, cause, count });
    },

    violation(_caller, call, guest) {
      const peer = guest.channels.get(call.channel)?.peer;
      const environment = peer?.environments.get(0);
      if (peer === undefined || environment === undefined) return;
      // What another namespace says of somebody is no evidence: it has only lost its channel to it.
      if (peer.space === guest.space) kernel.violation(peer, call.problem);
      else lifecycle.sever(guest, environment);
    },

    answer(_caller, call, guest) {
      guest.answered(call.id, call.value);
    },

    supervise(caller, { id, operation }, guest) {
      if (guest.role !== 'administrator') {
        guest.refuse(id, 'operation_refused', 'only the holder of a subtree may do that');
      } else if (operation.op === 'stop') {
        // The tree first, then what the application has spawned by itself.
        tree.stop(() => {
          parts.orphans.add(caller, () => guest.answer(id, undefined));
          for (const child of caller.children) lifecycle.stop(child, CHILD_SHUTDOWN_MS);
        });
      } else if (operation.op === 'grant') {
        if (names.grant(operation.name, operation.target, operation.path)) guest.answer(id, undefined);
        else guest.refuse(id, 'name_taken', 'the name is taken');
      } else if (operation.op === 'revoke') {
        const holder = names.holder(operation.name);
        for (const granted of names.revoke(operation.name))
          if (holder !== undefined && !names.reaches(granted, holder)) lifecycle.sever(granted, holder);
        guest.answer(id, undefined);
      } else {
        supervise(kernel, guest, id, operation);
      }
    },

    present(cell, call, guest) {
      if (guest.role !== 'cell' || guest.presented.has(call.number))
        kernel.violation(guest, 'it presents what it cannot');
      else if (isInside(cell, call.path, call.space)) starter.present(cell, call);
    },

    report(cell, call) {
      const event = call.event as KernelEvent;
      if (isInside(cell, event.path)) parts.observe(event);
    },
  };
}
