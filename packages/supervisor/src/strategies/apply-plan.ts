/**
 * What an apply does at one supervisor: whom it will have afterwards, who is stopped and started for
 * that, who is changed without a restart. Compared are the spec that it has, the spec that it is to
 * have, and the children that there are:
 *
 * - a child of the new spec only is started, a child of the old one only is stopped and forgotten;
 * - one whose `version` differs is replaced, together with those whom its restart takes along;
 * - a supervisor whose `version` differs is asked to apply what is below it;
 * - whoever was started at run time is in neither spec and stays; so does who was stopped or deleted.
 *
 * The way back is the same comparison with the children as they were.
 */
import type { ChildSpec, SupervisorSpec } from '@espalier/core/internal/supervisor-logic.js';
import type { Apply, Former, Plan } from './apply-state.js';
import { sharedFate } from './shared-fate.js';
import { newChild, templateOf } from './new-state.js';
import type { Child, State } from './state.js';

export function remember(state: State): ReadonlyMap<Child, Former> {
  const given = byId(state.spec.children);
  const former = new Map<Child, Former>();
  for (const child of state.children.values()) {
    const own = given.get(child.key);
    const spec = child.spec.start === null && own?.version === child.spec.version ? own : child.spec;
    // OTP keeps no arguments of temporary children: some cannot be started again.
    const can = spec.start !== null && (state.template === null || spec.restart !== 'temporary');
    const ran = child.status === 'ended' ? child.parked : !rests(child);
    former.set(child, { spec, runs: can && ran });
  }
  return former;
}

/** `back`: to what was before that apply. */
export function planOf(state: State, target: SupervisorSpec, back: Apply | null): Plan {
  const specs = back === null ? successors(state, target) : formerSpecs(back);
  const next = new Map([...specs.keys()].map((child) => [child.key, child]));
  const shared = sharedOf(state, target, specs, next, back);
  const starts = new Set<Child>();
  const below = new Set<Child>();
  for (const [child, spec] of specs) {
    const isNew = state.children.get(child.key) !== child;
    const goes = isNew || shared.has(child);
    const forgets = spec.restart === 'temporary' || templateOf(target) !== null;
    if (
      back === null
        ? isNew || isReplaced(child.spec, spec) || (goes && spec.restart !== 'temporary')
        : back.former.get(child)?.runs === true && (goes || rests(child))
    )
      starts.add(child);
    else if (waitsInVain(child, target, next)) starts.add(child);
    else if (goes && forgets) next.delete(child.key);
    else if (!goes && isChangedBelow(child, spec)) below.add(child);
  }
  const stops = [...state.children.values()]
    .reverse()
    .filter((child) => next.get(child.key) !== child || shared.has(child) || below.has(child));
  return { target, next, specs, below, stops, starts };
}

/** Who is replaced, and who goes along with them. */
function sharedOf(
  state: State,
  { strategy }: SupervisorSpec,
  specs: ReadonlyMap<Child, ChildSpec>,
  next: ReadonlyMap<string, Child>,
  back: Apply | null,
): ReadonlySet<Child> {
  const shared = new Set<Child>();
  for (const [child, spec] of specs) {
    const known = state.children.get(child.key);
    if (known === undefined || shared.has(child)) continue;
    // A supervisor that was started anew on the way forward knows of no way back.
    const isLost = back !== null && isChangedBelow(child, spec) && !back.plan.below.has(child);
    if (known === child && !isReplaced(child.spec, spec) && !isLost) continue;
    for (const member of sharedFate(strategy, next, child)) shared.add(member);
  }
  return shared;
}

/** A supervisor is never replaced because of what is below it, only for another process around it. */
function isReplaced(was: ChildSpec, will: ChildSpec): boolean {
  return (
    was.kind !== will.kind ||
    was.cell !== will.cell ||
    (will.kind !== 'supervisor' && was.version !== will.version)
  );
}

/** One that does not run is only given its new spec, and starts with that when its time comes. */
function isChangedBelow(child: Child, spec: ChildSpec): boolean {
  return spec.kind === 'supervisor' && child.spec.version !== spec.version && child.status === 'running';
}

function rests(child: Child): boolean {
  return child.status === 'stopped' && child.waitsFor === null;
}

/** The restart that would have started it again will not come, or will not any more. */
function waitsInVain(child: Child, { strategy }: SupervisorSpec, next: ReadonlyMap<string, Child>): boolean {
  const trigger = child.waitsFor;
  if (trigger === null) return false;
  return next.get(trigger.key) !== trigger || !sharedFate(strategy, next, trigger).includes(child);
}

function formerSpecs({ former }: Apply): ReadonlyMap<Child, ChildSpec> {
  return new Map([...former].map(([child, { spec }]) => [child, spec]));
}

function successors(state: State, target: SupervisorSpec): ReadonlyMap<Child, ChildSpec> {
  const template = templateOf(target);
  // Children of a template are its own: they go with it.
  const own = state.template?.id === template?.id ? state.children : new Map<string, Child>();
  const specs = new Map<Child, ChildSpec>();
  const known = byId(state.template === null ? state.spec.children : []);
  const wanted = byId(template === null ? target.children : []);
  for (const [id, spec] of wanted) {
    const was = known.get(id);
    const child = own.get(id);
    // Its name is free while it is replaced by one of another name, as if it had gone for ever.
    if (child?.spec.name === spec.name) specs.set(child, spec);
    else if (child !== undefined || was === undefined || isReplaced(was, spec))
      specs.set(newChild(id, spec), spec);
  }
  for (const child of own.values()) {
    // One of a template whose arguments are forgotten runs to its end as it is.
    if (template !== null) specs.set(child, child.spec.restart === 'temporary' ? child.spec : template);
    else if (!wanted.has(child.key) && !known.has(child.key)) specs.set(child, child.spec);
  }
  return specs;
}

function byId(specs: readonly ChildSpec[]): ReadonlyMap<string, ChildSpec> {
  return new Map(specs.map((spec) => [spec.id, spec]));
}
