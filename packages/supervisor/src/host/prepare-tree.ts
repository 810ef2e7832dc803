/**
 * From a normalised tree to what the kernel starts: every module made into an image (each once, a few
 * at a time), every environment into a spec whose boot value the kernel passes on without reading it.
 */
import { fileURLToPath } from 'node:url';
import { dirname } from 'node:path';
import {
  bootValue,
  type EnvironmentSpec,
  type ImageBuilder,
  type NodeStart,
} from '@espalier/core/internal/host.js';
import type { ChildSpec, SupervisorSpec } from '@espalier/core/internal/supervisor-logic.js';
import { childSpecOf, supervisorSpecOf } from '../spec/supervisor-spec.js';
import { DEFAULTS } from '../spec/defaults.js';
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
  path: string,
  builder: ImageBuilder,
): Promise<SupervisorSpec> {
  const children = await Promise.all(
    node.children.map((child) => prepareChild(child, joinPath(path, child.id), builder)),
  );
  return { ...supervisorSpecOf(node), children };
}

export async function prepareChild(
  node: NormalisedNode,
  path: string,
  builder: ImageBuilder,
): Promise<ChildSpec> {
  const start = await prepareNode(node, path, builder);
  return { ...childSpecOf(node), start };
}

async function prepareNode(node: NormalisedNode, path: string, builder: ImageBuilder): Promise<NodeStart> {
  if (node.kind === 'supervisor')
    return { kind: 'supervisor', spec: await prepareSupervisor(node, path, builder) };
  if (node.kind === 'pool') return { kind: 'environment', spec: await preparePool(node, builder) };
  return { kind: 'environment', spec: await prepareEnvironment(node, builder) };
}

async function prepareEnvironment(
  node: NormalisedEnvironment,
  builder: ImageBuilder,
): Promise<EnvironmentSpec> {
  const image = await builder.build({ ...located(node.module), external: node.external });
  const { limits } = node;
  return {
    boot: bootValue({ image, args: node.args, bindings: node.bindings }),
    name: node.name,
    terms: {
      capacity: limits.mailbox,
      capacityBytes: limits.mailboxBytes,
      messageBytes: limits.messageBytes,
      overflow: node.overflow,
      sendTimeoutMs: node.sendTimeoutMs,
    },
    limits: { heapMb: limits.heapMb, youngMb: limits.youngMb, stackMb: limits.stackMb },
    env: node.env,
  };
}

/** The thread that hosts a pool is an environment of ours; what the spec says is said of the pool's threads. */
async function preparePool(node: NormalisedPool, builder: ImageBuilder): Promise<EnvironmentSpec> {
  const { module, ...options } = node.pool;
  const image = await builder.build({ ...located(module), external: node.external });
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
    limits: { heapMb: limits.heapMb, youngMb: limits.youngMb, stackMb: limits.stackMb },
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

function joinPath(path: string, id: string): string {
  return path === '' ? id : `${path}/${id}`;
}
