import { expectTypeOf } from 'expect-type';
import {
  callback,
  expose,
  type ApiOf,
  type Callback,
  type Remote,
  type RemoteCallback,
} from '../../src/comlink/index.js';
import { server } from '../../src/index.js';

class Store {
  readonly size = 1;
  put(name: string, value: number): number {
    return name.length + value;
  }
  async watch(watcher: RemoteCallback<(value: number) => string>): Promise<boolean> {
    return (await watcher(1)) === 'x';
  }
  secret(): void {}
}

export const store = server({
  calls: { api: expose({ methods: ['put', 'watch'], api: () => new Store() }) },
});
type Api = ApiOf<{ default: typeof store }>;
declare const remote: Remote<Api>;

expectTypeOf(remote.put).toEqualTypeOf<(name: string, value: number) => Promise<number>>();
expectTypeOf(remote.watch).parameter(0).toEqualTypeOf<Callback<(value: number) => string>>();
void remote.watch(callback((value: number) => String(value)));
// @ts-expect-error: a callback is marked
void remote.watch((value: number) => String(value));
// @ts-expect-error: another result
void remote.watch(callback((value: number) => value));
// @ts-expect-error: not listed
void remote.secret();
// @ts-expect-error: no method
void remote.size;
// @ts-expect-error: read-only
remote.put = () => Promise.resolve(1);
// @ts-expect-error: the object has no such method
expose({ methods: ['gone'], api: () => new Store() });
