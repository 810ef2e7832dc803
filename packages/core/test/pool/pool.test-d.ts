import { expectTypeOf } from 'expect-type';
import { server, type PoolTask, type Ref } from '../../src/index.js';

interface Tasks {
  default(x: number, unit?: string): string;
  resize(this: PoolTask, image: Uint8Array): Promise<Uint8Array>;
  readonly version: number;
}

declare const tasks: Ref<Tasks>;
expectTypeOf(tasks.call.run).toEqualTypeOf<(x: number, unit?: string) => Promise<string>>();
expectTypeOf(tasks.call.resize).toEqualTypeOf<(image: Uint8Array) => Promise<Uint8Array>>();
// @ts-expect-error: an argument of another type
void tasks.call.run('1');
// @ts-expect-error: no function
void tasks.call.version;
// @ts-expect-error: its name is `run`
void tasks.call.default;

// A module with a behaviour is no pool, and a reference without a type is neither.
export const adder = server({ calls: { add: (_context, x: number) => x } });
declare const served: Ref<{ default: typeof adder; helper(): void }>;
expectTypeOf(served.call.add).toEqualTypeOf<(x: number) => Promise<number>>();
declare const untyped: Ref;
expectTypeOf(untyped.call['anything']).toExtend<
  ((...parameters: unknown[]) => Promise<unknown>) | undefined
>();
