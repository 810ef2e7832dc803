/**
 * What may be said of a tree at all, whatever happens to it and in whatever order: reads the history line
 * by line and remembers who lives. It foretells nothing; it refuses what no supervisor of OTP would do.
 */
import type { TreeEvent } from '@espalier/supervisor';
import type { NodeShape, SupervisorShape } from './shapes.js';

type Told = Extract<TreeEvent, { readonly kind: 'supervision' }>['event'];

interface Child {
  incarnation: number;
  up: boolean;
}

/** One life of a supervisor. */
interface Life {
  readonly shape: SupervisorShape;
  /** In start order, as far as it is known. */
  readonly children: Map<string, Child>;
  /** It has given up or shut itself down: it stops its children, and nothing else. */
  ending: boolean;
}

export class History {
  readonly #shape: SupervisorShape;
  readonly #lives = new Map<string, Life>();

  constructor(shape: SupervisorShape) {
    this.#shape = shape;
  }

  /** Paths of the leaves that run, and of the supervisors that have a child. */
  get leaves(): readonly string[] {
    return [...this.#lives].flatMap(([path, life]) =>
      [...life.children].flatMap(([id, { up }]) =>
        up && this.#shapeOf(path, id)?.kind !== 'supervisor' ? [`${path}/${id}`] : [],
      ),
    );
  }

  get supervisors(): readonly string[] {
    return [...this.#lives.keys()];
  }

  read(path: string, told: Told): void {
    const life = this.#life(path);
    const refuse = (why: string): never => {
      throw new Error(`${path}: ${told.kind} ${told.id}#${told.incarnation}: ${why}`);
    };
    const child = life.children.get(told.id) ?? { incarnation: 0, up: false };
    life.children.set(told.id, child);
    switch (told.kind) {
      case 'started':
      case 'restarted':
      case 'ignored':
        if (life.ending) refuse('its supervisor is ending');
        if (child.up) refuse('it runs already');
        if (told.incarnation !== child.incarnation + 1) refuse(`its last life was ${child.incarnation}`);
        if (told.kind === 'restarted') this.#checkGroup(life, told.id, refuse);
        child.incarnation = told.incarnation;
        child.up = told.kind !== 'ignored';
        return;
      case 'failed':
      case 'ended':
      case 'stopped': {
        // Told to stop while it starts, or it fails to: then this is all that is heard of that life.
        const starting = told.kind === 'stopped' || (told.kind === 'failed' && told.phase === 'start');
        const expected = child.up ? child.incarnation : child.incarnation + 1;
        if (!child.up && !starting) refuse('it does not run');
        if (child.up && told.kind === 'failed' && told.phase === 'start') refuse('it runs already');
        if (told.incarnation !== expected) refuse(`its last life was ${child.incarnation}`);
        child.incarnation = told.incarnation;
        child.up = false;
        this.#over(`${path}/${told.id}`, refuse);
        return;
      }
      case 'restarting': {
        if (life.ending) refuse('its supervisor is ending');
        if (child.up) refuse('it runs');
        if (told.count > told.intensity) refuse(`that is one too many: ${told.count} of ${told.intensity}`);
        const order = [...life.children.keys()];
        const from = {
          one_for_all: 0,
          rest_for_one: order.indexOf(told.id),
          one_for_one: Infinity,
          simple_one_for_one: Infinity,
        };
        const sharing = order.slice(from[life.shape.strategy]).filter((id) => id !== told.id);
        const missed = sharing.filter(
          (id) => life.children.get(id)?.up === true && !told.others.includes(id),
        );
        if (missed.length > 0) refuse(`${missed.join(', ')} share its fate`);
        const spared = told.others.filter((id) => !sharing.includes(id));
        if (spared.length > 0) refuse(`${spared.join(', ')} do not share its fate`);
        return;
      }
      case 'escalated':
        if (told.count !== told.intensity + 1) refuse(`${told.count} of ${told.intensity} are borne`);
        life.ending = true;
        return;
      case 'autoShutdown':
        if (child.up) refuse('it runs');
        life.ending = true;
    }
  }

  /** Who is left when the root has ended. */
  get left(): readonly string[] {
    return [...this.#lives].flatMap(([path, { children }]) =>
      [...children].flatMap(([id, { up }]) => (up ? [`${path}/${id}`] : [])),
    );
  }

  /** Members of a group start in order: whoever comes later is down, and comes after. */
  #checkGroup({ shape, children }: Life, id: string, refuse: (why: string) => never): void {
    if (shape.strategy !== 'one_for_all' && shape.strategy !== 'rest_for_one') return;
    const order = [...children];
    const later = order.slice(order.findIndex(([known]) => known === id) + 1);
    const up = later.filter(([, child]) => child.up).map(([known]) => known);
    if (up.length > 0) refuse(`${up.join(', ')} run and should have been stopped first`);
  }

  /** A child has gone: if it was a supervisor, all below it has gone before. */
  #over(path: string, refuse: (why: string) => never): void {
    for (const [below, { children }] of this.#lives) {
      if (below !== path && !below.startsWith(`${path}/`)) continue;
      const up = [...children].filter(([, child]) => child.up).map(([id]) => `${below}/${id}`);
      if (up.length > 0) refuse(`${up.join(', ')} still run`);
      this.#lives.delete(below);
    }
  }

  #life(path: string): Life {
    let life = this.#lives.get(path);
    if (life === undefined) {
      const shape = this.#supervisor(path);
      if (shape === undefined) throw new Error(`${path} is no supervisor`);
      const dynamic = shape.strategy === 'simple_one_for_one';
      const ids = dynamic ? [] : shape.children.map((_, n) => `n${n}`);
      life = {
        shape,
        children: new Map(ids.map((id) => [id, { incarnation: 0, up: false }])),
        ending: false,
      };
      this.#lives.set(path, life);
    }
    return life;
  }

  #supervisor(path: string): SupervisorShape | undefined {
    let shape: NodeShape | undefined = this.#shape;
    for (const id of path.split('/').slice(1))
      shape = shape?.kind === 'supervisor' ? childOf(shape, id) : undefined;
    return shape?.kind === 'supervisor' ? shape : undefined;
  }

  #shapeOf(path: string, id: string): NodeShape | undefined {
    const shape = this.#supervisor(path);
    return shape === undefined ? undefined : childOf(shape, id);
  }
}

/** Undefined for those that were added later: they are leaves. */
function childOf(shape: SupervisorShape, id: string): NodeShape | undefined {
  return id.startsWith('#') ? shape.children[0] : shape.children[Number(id.slice(1))];
}
