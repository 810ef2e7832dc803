/** Drives `environment` and `task`: a function over the mailbox whose end is the environment's end. */
import type { ExitReason } from '../exit-reason.js';
import type { EnvironmentBehaviour, Task } from './behaviour.js';
import { exitOf, type Driver, type DriverHost } from './driver.js';

export class EnvironmentDriver implements Driver {
  readonly #behaviour: EnvironmentBehaviour | Task;
  readonly #host: DriverHost;
  handled = 0;

  constructor(behaviour: EnvironmentBehaviour | Task, host: DriverHost) {
    this.#behaviour = behaviour;
    this.#host = host;
  }

  async start(): Promise<'ready'> {
    const { context, args } = this.#host;
    const behaviour = this.#behaviour;
    const isTask = behaviour.behaviour === 'task';
    const made = isTask || behaviour.init === undefined ? undefined : await behaviour.init(context, args);
    const running = isTask ? behaviour.run(args, context) : behaviour.run(context, args, made);
    // It runs as soon as it waits for the first time: a throw before that is a failed start.
    Promise.resolve(running).then(
      (result) => {
        this.#host.ended({ tag: 'normal', detail: behaviour.behaviour === 'task' ? result : undefined });
      },
      (thrown: unknown) => {
        this.#host.ended(exitOf(thrown));
      },
    );
    return 'ready';
  }

  stop(reason: ExitReason): void {
    // One that traps exits decides itself when to end; its supervisor's `shutdown` time bounds it.
    if (this.#host.trapsExits) this.#host.mailbox.pushReserved({ type: 'exit', from: undefined, reason });
    else this.#host.ended({ tag: 'shutdown', detail: undefined });
  }

  state(): undefined {
    return undefined;
  }
}
