/** What each system call does. One handler for each name of the list; the dispatcher has no other way in. */
import type { Target, SystemCall, SystemCallName } from '../protocol/system-calls.js';
import { spawnOwner } from './spawn-owner.js';
import type { Environment } from './environment.js';
import type { KernelEvent } from './events.js';
import type { Guest } from './guest.js';
import type { MonitorRecord } from './identity.js';
import type { HandlerParts } from './parts.js';
import { supervise } from './supervise.js';
import { isWithin } from './tree.js';

type Call<N extends SystemCallName> = Extract<SystemCall, { readonly call: N }>;

/** Who calls, what, and the guest that the answer goes to: the caller's. */
type Handlers = {
  readonly [N in SystemCallName]: (caller: Environment, call: Call<N>, guest: Guest) => void;
};

/** Spawned environments have no spec that says how long they may take to end. */
const CHILD_SHUTDOWN_MS = 5000;

const NOPROC = { tag: 'noproc', detail: undefined } as const;
/** Of a notice `gone` about whom the guest has no channel to. */
const NOBODY = { notice: 'gone', channel: 0, slot: 0, closes: false, reason: NOPROC } as const;

export function systemCallHandlers(kernel: HandlerParts): Handlers {
  const { parts, lifecycle, starter, tree } = kernel;
  const { names, channels } = parts;
  let lastMonitor = 0;

  const find = (guest: Guest, target: Target): Environment | undefined =>
    typeof target === 'string' ? names.holder(target) : guest.behind(target);
  const watch = (watcher: Environment, target: Environment): number => {
    const record: MonitorRecord = { id: ++lastMonitor, watcher, target };
    watcher.watching.set(record.id, record);
    target.watchers.add(record);
    return record.id;
  };
  const join = (one: Environment, other: Environment): void => {
    one.links.add(other);
    other.links.add(one);
  };

  return {
    ready(caller, call) {
      lifecycle.ready(caller, call.ignore);
    },

    exit(caller, call, guest) {
      if (!('signal' in call)) {
        caller.kept = call.kept === true;
        lifecycle.announced(caller, { tag: call.tag, detail: call.detail });
        return;
      }
      const reason = caller.signals.get(call.signal);
      if (reason === undefined) kernel.violation(guest, 'an exit by a signal that was not sent');
      else lifecycle.announced(caller, reason);
    },

    spawn(parent, call, guest) {
      void parts.loader(call.request, parent.path).then((loaded) => {
        if (!parent.alive) return;
        if (!loaded.ok) {
          guest.refuse(call.id, loaded.code, loaded.text);
          return;
        }
        const owner = spawnOwner(
          parent,
          parts.observe,
          (child) => {
            if (!parent.alive) return;
            if (call.link) join(parent, child);
            const monitor = call.monitor ? watch(parent, child) : 0;
            guest.answer(call.id, { handle: guest.grant(child), monitor });
          },
          (reason) => guest.refuse(call.id, 'start_failed', undefined, reason),
        );
        const start = { kind: 'environment', spec: loaded.spec } as const;
        const started = starter.start(`${parent.path}/${loaded.id}`, start, owner);
        if (started.ok) parent.children.add(started.environment);
        else guest.refuse(call.id, 'start_failed', undefined, started.reason);
      });
    },

    register(caller, { id, name }, guest) {
      const { keeper, spec } = caller;
      // A cell keeps names for what runs in it; one of those takes that of its spec.
      if (guest.role === 'cell') {
        if (names.keep(name, keeper)) caller.names.add(name);
        return;
      }
      const isOwn = guest.home !== undefined && name === spec.name;
      names.hold(name, caller, isOwn ? keeper : undefined, (held) => {
        if (held) guest.answer(id, undefined);
        else guest.refuse(id, 'name_taken', `the name '${name}' is taken`);
      });
    },

    unregister(caller, { id, name }, guest) {
      if (guest.role === 'cell') {
        caller.names.delete(name);
        names.giveUp(name, caller.keeper);
      } else if (caller.names.has(name)) {
        names.release(name, caller);
        guest.answer(id, undefined);
      } else {
        guest.refuse(id, 'noproc', `the name '${name}' is not held by the caller`);
      }
    },

    resolve(_caller, call, guest) {
      if (call.follow) {
        guest.answer(call.id, names.follow(call.name, guest));
        return;
      }
      const holder = names.holder(call.name);
      guest.answer(call.id, holder === undefined ? undefined : guest.grant(holder));
    },

    connect(_caller, call, guest) {
      const environment = guest.behind(call.handle);
      if (environment === undefined) guest.refuse(call.id, 'noproc');
      else guest.answer(call.id, channels.peer(guest, environment));
    },

    monitor(caller, call, guest) {
      const target = find(guest, call.target);
      const monitor = target === undefined ? ++lastMonitor : watch(caller, target);
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
      const other = guest.behind(handle);
      if (other === caller) return;
      if (other !== undefined) {
        join(caller, other);
        return;
      }
      const signal = lifecycle.expectEnd(caller, NOPROC);
      guest.notify({ ...NOBODY, downs: [], exits: [{ env, signal, handle }] });
    },

    unlink(caller, call, guest) {
      const other = guest.behind(call.handle);
      if (other !== undefined) {
        caller.links.delete(other);
        other.links.delete(caller);
      }
      guest.answer(call.id, undefined);
    },

    signal(caller, call, guest) {
      const target = find(guest, call.target);
      if (target === undefined) return;
      if (call.kind === 'kill') lifecycle.kill(target);
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
      if (peer === undefined || identity === undefined) {
        guest.refuse(call.id, 'noproc');
        return;
      }
      const ticket = record === undefined ? (call.ticket ?? 0) : ++record.tickets;
      const channel = channels.number(peer, guest);
      peer.notify({ notice: 'ticket', channel, ticket, handle: peer.pass(identity) });
      guest.answer(call.id, ticket);
    },

    drop(_caller, call, guest) {
      for (const [at, handle] of call.handles.entries()) guest.drop(handle, call.counts[at] ?? 1);
    },

    blocked(caller, call, guest) {
      const receiver = channels.at(guest, call.channel, call.slot);
      if (receiver !== undefined) parts.blocked.changed(caller, receiver, call.on);
    },

    undelivered({ path }, { target, cause, count }) {
      parts.observe({ kind: 'undelivered', path, target, cause, count });
    },

    violation(_caller, call, guest) {
      const peer = guest.channels.get(call.channel)?.peer;
      if (peer !== undefined) kernel.violation(peer, call.problem);
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
      } else {
        supervise(kernel, guest, id, operation);
      }
    },

    present(cell, call, guest) {
      if (guest.role === 'cell' && isWithin(call.path, cell.path) && !guest.presented.has(call.number))
        starter.present(cell, call);
      else kernel.violation(guest, 'it presents what is not in it');
    },

    report(cell, call, guest) {
      const event = call.event as KernelEvent;
      // It may speak of itself only.
      if (isWithin(event.path, cell.path)) parts.observe(event);
      else kernel.violation(guest, 'a report of what is not in the cell');
    },
  };
}
