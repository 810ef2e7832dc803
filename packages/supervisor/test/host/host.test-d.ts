import { expectTypeOf } from 'expect-type';
import type { Address } from '@espalier/core';
import type { ChildInfo, ChildSpecInput, Host, StartedChild, StartedNode } from '../../src/index.js';
import type { Worker } from './embedded.js';

declare const host: Host;
declare const child: ChildSpecInput;

// An environment's handle is typed by its module; it may have said `ignore`.
const worker = await host.startChild<Worker>('tree', { id: 'a', module: './a.ts' });
expectTypeOf(worker).toEqualTypeOf<StartedChild<Worker> | undefined>();
if (worker !== undefined) {
  expectTypeOf(worker.address).toEqualTypeOf<Address>();
  expectTypeOf(worker.ref.call.wait).toEqualTypeOf<() => Promise<void>>();
  // @ts-expect-error: no operation of the module
  void worker.ref.call.nothing();
}
expectTypeOf(await host.startChild('tree/jobs', { args: 1 })).toEqualTypeOf<StartedChild | undefined>();
expectTypeOf(await host.startChild('tree/jobs')).toEqualTypeOf<StartedChild | undefined>();
expectTypeOf(await host.restartChild<Worker>('tree/a')).toEqualTypeOf<StartedChild<Worker> | undefined>();

// A supervisor has no mailbox.
expectTypeOf(await host.startChild('tree', { id: 'inner', children: [] })).toEqualTypeOf<StartedNode>();
expectTypeOf(await host.startChild('tree', child)).toEqualTypeOf<StartedNode | undefined>();

// @ts-expect-error: neither a spec nor arguments
await host.startChild('tree', { id: 'a' });

expectTypeOf(await host.whichChildren('tree')).toEqualTypeOf<readonly ChildInfo[]>();
