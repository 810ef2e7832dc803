import type { EnvironmentState } from './environment.js';

/** A node as administrators see it. */
export interface TreeSnapshot {
  readonly path: string;
  readonly kind: 'supervisor' | 'environment';
  readonly state: EnvironmentState;
  readonly children: readonly TreeSnapshot[];
}
