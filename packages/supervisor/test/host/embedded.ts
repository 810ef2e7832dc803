/** Hosts for tests: started over real threads, with their events, and stopped after each test. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, expect } from '@jest/globals';
import { EspalierError } from '@espalier/core';
import {
  start,
  type ChildSpecInput,
  type EnvironmentSpec,
  type Host,
  type SupervisorNodeSpec,
  type TreeEvent,
  type TreeSpec,
} from '../../src/index.js';

export type Worker = typeof import('../fixtures/host/worker.js');
export type Gate = typeof import('../fixtures/host/gate.js');

export const fixture = (name: string): URL => new URL(`../fixtures/host/${name}.ts`, import.meta.url);

/** A child that runs the worker of the fixtures. */
export function worker(id: string, fields: Partial<EnvironmentSpec> = {}): EnvironmentSpec {
  return { id, module: fixture('worker'), ...fields };
}

/** A supervisor of one template. */
export function template(
  id: string,
  fields: Partial<EnvironmentSpec> = {},
  supervisor: Partial<SupervisorNodeSpec> = {},
): SupervisorNodeSpec {
  return {
    id,
    strategy: 'simple_one_for_one',
    intensity: 10,
    children: [worker('t', fields)],
    ...supervisor,
  };
}

/** Holds up workers that start with `gate`. */
export const GATE: EnvironmentSpec = { id: 'gate', module: fixture('gate') };

type Supervision = (TreeEvent & { readonly kind: 'supervision' })['event'];

export interface Running {
  readonly host: Host;
  readonly events: readonly TreeEvent[];
  /** Kinds and ids of what supervisors did, in order. */
  readonly history: () => readonly string[];
  /** Resolves when an event of supervision is such. */
  readonly reported: (is: (event: Supervision) => boolean) => Promise<Supervision>;
}

/** To be called once in a file of tests, outside of them. */
export function hostStarter(): (
  children: readonly ChildSpecInput[],
  fields?: Partial<TreeSpec>,
) => Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-host-'));
  const hosts: Host[] = [];
  afterEach(async () => {
    await Promise.all(hosts.splice(0).map((host) => host.stop()));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return async (children, fields = {}) => {
    const events: TreeEvent[] = [];
    const supervision = (): Supervision[] =>
      events.flatMap((event) => (event.kind === 'supervision' ? [event.event] : []));
    const waiting = new Set<() => void>();
    const spec: TreeSpec = { name: 'tree', intensity: 10, ...fields, children: [...children] };
    const host = await start(spec, {
      embedded: true,
      base: pathToFileURL(`${folder}/`),
      spares: { total: 0 },
      onOutput: () => undefined,
      onEvent: (event) => {
        events.push(event);
        for (const look of waiting) look();
      },
    });
    hosts.push(host);
    return {
      host,
      events,
      history: () => supervision().map((event) => `${event.kind} ${'id' in event ? event.id : ''}`),
      reported: (is) =>
        new Promise((resolve) => {
          const look = (): void => {
            const found = supervision().find(is);
            if (found === undefined) return;
            waiting.delete(look);
            resolve(found);
          };
          waiting.add(look);
          look();
        }),
    };
  };
}

/** What it rejects with. */
export async function errorOf(promise: Promise<unknown>): Promise<EspalierError> {
  const error: unknown = await promise.then(
    () => {
      throw new Error('it did not reject');
    },
    (rejected: unknown) => rejected,
  );
  expect(error).toBeInstanceOf(EspalierError);
  return error as EspalierError;
}

/** What was started; a test of a child that may say `ignore` does not use it. */
export function there<T>(started: T | undefined): T {
  if (started === undefined) throw new Error('it does not want to run');
  return started;
}
