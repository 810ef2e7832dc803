/** What each system call does. One handler for each name of the list; the dispatcher has no other way in. */
import type { Target, SystemCall, SystemCallName } from '../protocol/system-calls.js';
import { SpawnOwner } from './spawn-owner.js';
import type { Environment, MonitorRecord } from './environment.js';
import type { KernelEvent } from './events.js';
import type { Guest } from './guest.js';
import type { HandlerParts } from './parts.js';
import { supervise } from './supervise.js';
import { isWithin } from './tree.js';

type Handlers = {
  readonly [N in SystemCallName]: (guest: Guest, call: Extract<SystemCall, { readonly call: N }>) => void;
};

/** Spawned environments have no spec that says how long they may take to end. */
const CHILD_SHUTDOWN_MS = 5000;

const NOPROC = { tag: 'noproc', detail: undefined } as const;

export function systemCallHandlers(kernel: HandlerParts): Handlers {
  const { parts, lifecycle, starter, tree } = kernel;
  const { names, channels } = parts;
  let lastMonitor = 0;

  const self = (guest: Guest, slot: number): Environment | undefined => {
    const environment = guest.environments.get(slot);
    // It may have been ended while the call was under way; anything else is no slip of a runtime.
    if (environment === undefined && guest.environments.size > 0)
      kernel.violation(guest, 'the caller is not in this thread');
    return environment;
  };
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
    ready(guest, call) {
      const environment = self(guest, call.env);
      if (environment !== undefined) lifecycle.ready(environment, call.ignore);
    },

    exit(guest, call) {
      const environment = self(guest, call.env);
      if (environment === undefined) return;
      if (!('signal' in call)) {
        environment.kept = call.kept === true;
        lifecycle.announced(environment, { tag: call.tag, detail: call.detail });
        return;
      }
      const reason = environment.signals.get(call.signal);
      if (reason === undefined) kernel.violation(guest, 'an exit by a signal that was not sent');
      else lifecycle.announced(environment, reason);
    },

    spawn(guest, call) {
      const parent = self(guest, call.env);
      if (parent === undefined) return;
      void parts.loader(call.request, parent.path).then((loaded) => {
        if (!parent.alive) return;
        if (!loaded.ok) {
          guest.refuse(call.id, loaded.code, loaded.text);
          return;
        }
        const owner = new SpawnOwner(
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
        const started = starter.start(`${parent.path}/${loaded.id}`, loaded.spec, owner);
        if (started.ok) parent.children.add(started.environment);
        else guest.refuse(call.id, 'start_failed', undefined, started.reason);
      });
    },

    register(guest, call) {
      const environment = self(guest, call.env);
      if (environment === undefined) return;
      const answer = (held: boolean): void => {
        if (held) guest.answer(call.id, undefined);
        else guest.refuse(call.id, 'name_taken', `the name '${call.name}' is taken`);
      };
      const { keeper, spec } = environment;
      // A cell keeps names for what runs in it; one of those takes that of its spec.
      if (guest.role !== 'cell') {
        const isOwn = guest.home !== undefined && call.name === spec.name;
        names.hold(call.name, environment, isOwn ? keeper : undefined, answer);
      } else if (names.keep(call.name, keeper)) environment.names.add(call.name);
    },

    unregister(guest, call) {
      const environment = self(guest, call.env);
      if (environment === undefined) return;
      if (guest.role === 'cell') {
        environment.names.delete(call.name);
        names.giveUp(call.name, environment.keeper);
      } else if (environment.names.has(call.name)) {
        names.release(call.name, environment);
        guest.answer(call.id, undefined);
      } else {
        guest.refuse(call.id, 'noproc', `the name '${call.name}' is not held by the caller`);
      }
    },

    resolve(guest, call) {
      if (call.follow) {
        guest.answer(call.id, names.follow(call.name, guest));
        return;
      }
      const holder = names.holder(call.name);
      guest.answer(call.id, holder === undefined ? undefined : guest.grant(holder));
    },

    connect(guest, call) {
      const environment = guest.behind(call.handle);
      if (environment === undefined) guest.refuse(call.id, 'noproc');
      else guest.answer(call.id, channels.peer(guest, environment));
    },

    monitor(guest, call) {
      const watcher = self(guest, call.env);
      if (watcher === undefined) return;
      const target = find(guest, call.target);
      if (target !== undefined) {
        guest.answer(call.id, watch(watcher, target));
        return;
      }
      const monitor = ++lastMonitor;
      guest.answer(call.id, monitor);
      guest.notify({
        notice: 'gone',
        channel: 0,
        slot: 0,
        closes: false,
        reason: NOPROC,
        downs: [{ env: call.env, monitor }],
        exits: [],
      });
    },

    demonitor(guest, call) {
      const record = guest.environments.get(call.env)?.watching.get(call.monitor);
      if (record === undefined) return;
      record.watcher.watching.delete(record.id);
      record.target.watchers.delete(record);
    },

    link(guest, call) {
      const environment = self(guest, call.env);
      if (environment === undefined) return;
      const other = guest.behind(call.handle);
      if (other === environment) return;
      if (other !== undefined) {
        join(environment, other);
        return;
      }
      const signal = lifecycle.expectEnd(environment, NOPROC);
      const exits = [{ env: call.env, signal, handle: call.handle }];
      guest.notify({ notice: 'gone', channel: 0, slot: 0, closes: false, reason: NOPROC, downs: [], exits });
    },

    unlink(guest, call) {
      const environment = self(guest, call.env);
      const other = guest.behind(call.handle);
      if (environment !== undefined && other !== undefined) {
        environment.links.delete(other);
        other.links.delete(environment);
      }
      guest.answer(call.id, undefined);
    },

    signal(guest, call) {
      const sender = self(guest, call.env);
      const target = find(guest, call.target);
      if (sender === undefined || target === undefined) return;
      if (call.kind === 'kill') lifecycle.kill(target);
      else lifecycle.signal(target, { tag: call.tag, detail: call.detail }, sender, false);
    },

    trapExits(guest, call) {
      const environment = self(guest, call.env);
      if (environment === undefined) return;
      if (environment.trapsExits) environment.trappedUntil = parts.realClock.now();
      environment.trapsExits = call.on;
    },

    ticket(guest, call) {
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

    drop(guest, call) {
      for (const [at, handle] of call.handles.entries()) guest.drop(handle, call.counts[at] ?? 1);
    },

    blocked(guest, call) {
      const sender = self(guest, call.env);
      const receiver = channels.at(guest, call.channel, call.slot);
      if (sender !== undefined && receiver !== undefined) parts.blocked.changed(sender, receiver, call.on);
    },

    undelivered(guest, call) {
      const path = guest.environments.get(call.env)?.path;
      if (path !== undefined) {
        parts.observe({
          kind: 'undelivered',
          path,
          target: call.target,
          cause: call.cause,
          count: call.count,
        });
      }
    },

    violation(guest, call) {
      const peer = guest.channels.get(call.channel)?.peer;
      if (peer !== undefined) kernel.violation(peer, call.problem);
    },

    answer(guest, call) {
      guest.answered(call.id, call.value);
    },

    supervise(guest, call) {
      if (guest.role !== 'administrator') {
        guest.refuse(call.id, 'operation_refused', 'only the holder of a subtree may do that');
        return;
      }
      const { operation } = call;
      if (operation.op === 'stop') {
        // The tree first, then what the application has spawned by itself.
        tree.stop(() => {
          const [application] = guest.environments.values();
          if (application === undefined) return;
          parts.orphans.add(application, () => guest.answer(call.id, undefined));
          for (const child of application.children) lifecycle.stop(child, CHILD_SHUTDOWN_MS);
        });
      } else {
        supervise(kernel, guest, call.id, operation);
      }
    },

    present(guest, call) {
      const cell = self(guest, 0);
      if (cell === undefined) return;
      if (guest.role === 'cell' && isWithin(call.path, cell.path) && !guest.presented.has(call.number))
        starter.present(cell, call);
      else kernel.violation(guest, 'it presents what is not in it');
    },

    report(guest, call) {
      const cell = self(guest, 0);
      const event = call.event as KernelEvent;
      // It may speak of itself only.
      if (cell === undefined) return;
      if (isWithin(event.path, cell.path)) parts.observe(event);
      else kernel.violation(guest, 'a report of what is not in the cell');
    },
  };
}
