/** The spec of a supervisor out of what it is started from, which may have a process around it. */
import type { SupervisorSpec } from '@espalier/core/internal/supervisor-logic.js';

type Start = { readonly spec: SupervisorSpec } | { readonly start: unknown };

export function supervisorIn(start: unknown): SupervisorSpec {
  const given = start as Start;
  return 'start' in given ? supervisorIn(given.start) : given.spec;
}
