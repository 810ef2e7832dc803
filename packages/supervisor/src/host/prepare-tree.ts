/**
 * From a normalised tree to what the kernel starts: every module made into an image (each once, a few
 * at a time), every environment into a spec whose boot value the kernel passes on without reading it.
 */
import { fileURLToPath } from 'node:url';
import { dirname } from 'node:path';
import {
  bootValue,
  opaqueValue,
  type EnvironmentSpec,
  type Image,
  type ImageMaker,
  type NodeStart,
} from '@espalier/core/internal/host.js';
import type { ChildSpec, SupervisorSpec } from '@espalier/core/internal/supervisor-logic.js';
import { supervisorVersion, threadVersion } from '../apply/version.js';
import { wallLimits } from './wall-limits.js';
import { behindItsWall, childSpecOf, supervisorSpecOf } from '../spec/supervisor-spec.js';
import { DEFAULTS } from '../spec/defaults.js';
import { isIsolating } from '../spec/reservations.js';
import type {
  NormalisedEnvironment,
  NormalisedModule,
  NormalisedNode,
  NormalisedPool,
  NormalisedSupervisor,
} from '../spec/normalised.js';

/** Throws `EnvironmentError` `module_missing` or `module_unfit`, with the module in `value`. */
export async function prepareSupervisor(
  node: NormalisedSupervisor,
  builder: ImageMaker,
): Promise<SupervisorSpec> {
  const isTemplate = node.strategy === 'simple_one_for_one';
  const children = await Promise.all(node.children.map((child) => prepareChild(child, builder, isTemplate)));
  return { ...supervisorSpecOf(node), children };
}

/** The same errors. */
export async function prepareChild(
  node: NormalisedNode,
  builder: ImageMaker,
  isTemplate = false,
): Promise<ChildSpec> {
  const { start, version } = await prepareNode(node, builder);
  // OTP: a temporary child is never started again, so nobody keeps what it was started with.
  const kept = node.restart === 'temporary' && !isTemplate ? withoutArguments(node) : node;
  return { ...childSpecOf(node), start, version, source: opaqueValue(kept, node.id) };
}

function withoutArguments(node: NormalisedNode): NormalisedNode {
  if (node.kind === 'supervisor') return node;
  return node.kind === 'pool' ? { ...node, bindings: {} } : { ...node, args: undefined, bindings: {} };
}

async function prepareNode(
  node: NormalisedNode,
  builder: ImageMaker,
): Promise<{ readonly start: NodeStart; readonly version: string }> {
  if (node.kind === 'supervisor') {
    const spec = await prepareSupervisor(node, builder);
    const version = supervisorVersion(spec, isIsolating(node) ? node.limits : undefined);
    return { start: behindItsWall(node, { kind: 'supervisor', spec }), version };
  }
  const module = node.kind === 'pool' ? node.pool.module : node.module;
  const image = await builder.build({ ...located(module), external: node.external });
  const spec = node.kind === 'pool' ? poolSpec(node, image) : environmentSpec(node, image);
  return {
    start: behindItsWall(node, { kind: 'environment', spec }),
    version: threadVersion(node, image.hash),
  };
}

function environmentSpec(node: NormalisedEnvironment, image: Image): EnvironmentSpec {
  const { limits } = node;
  return {
    boot: bootValue({
      image,
      args: node.args,
      bindings: node.bindings,
      ...(limits.timers === 'unlimited' ? {} : { mostTimers: limits.timers }),
    }),
    name: node.name,
    terms: {
      capacity: limits.mailbox,
      capacityBytes: limits.mailboxBytes,
      messageBytes: limits.messageBytes,
      overflow: node.overflow,
      sendTimeoutMs: node.sendTimeoutMs,
      ...(limits.messagesPerSecond === 'unlimited' ? {} : { messagesPerSecond: limits.messagesPerSecond }),
    },
    limits: wallLimits(limits),
    unresponsiveMs: limits.unresponsiveMs,
    ...(limits.children === 'unlimited' ? {} : { mostChildren: limits.children }),
    mostEntries: limits.kernelEntries,
    env: node.env,
  };
}

/** The thread that hosts a pool is an environment of ours; what the spec says is said of the pool's threads. */
function poolSpec(node: NormalisedPool, image: Image): EnvironmentSpec {
  const { module: _module, ...options } = node.pool;
  const pool = { ...options, limits: node.limits, env: node.env };
  const { limits } = DEFAULTS;
  return {
    boot: bootValue({ image, args: undefined, bindings: node.bindings, pool }),
    name: node.name,
    terms: {
      capacity: limits.mailbox,
      capacityBytes: limits.mailboxBytes,
      messageBytes: limits.messageBytes,
      ...DEFAULTS.environment,
    },
    limits: wallLimits(limits),
    unresponsiveMs: limits.unresponsiveMs,
    mostEntries: limits.kernelEntries,
    env: {},
  };
}

export function located(module: NormalisedModule): { readonly module: string; readonly base: string } {
  const base = fileURLToPath(module.base);
  if (!module.specifier.startsWith('file:')) return { module: module.specifier, base };
  // The folder of the module, so that images of one project share a cache below it.
  return {
    module: module.specifier,
    base: module.base === '' ? dirname(fileURLToPath(module.specifier)) : base,
  };
}
