/**
 * V8's flags are the process's and win over the limits of its threads: a host started with
 * `--max-old-space-size` has no hard limit where we set one. Found before anything is started, so that the
 * host can be refused or the person warned.
 */
const OVERRIDING = [
  'max-old-space-size',
  'max-semi-space-size',
  'min-semi-space-size',
  'max-heap-size',
  'initial-heap-size',
  'initial-old-space-size',
  'semi-space-growth-factor',
  'stack-size',
] as const;

export interface HostArguments {
  /** Default: `process.execArgv`. A worker's own says nothing of its process: hand on the main thread's. */
  readonly execArgv?: readonly string[];
  /** Default: `process.env.NODE_OPTIONS`. */
  readonly nodeOptions?: string | undefined;
}

export interface OverridingFlag {
  readonly flag: string;
  readonly from: 'execArgv' | 'NODE_OPTIONS';
}

/** The flags of this process that override the limits of threads; empty when there are none. */
export function hostFlagsThatOverrideLimits(host: HostArguments = {}): OverridingFlag[] {
  const execArgv = host.execArgv ?? process.execArgv;
  const nodeOptions = 'nodeOptions' in host ? host.nodeOptions : process.env['NODE_OPTIONS'];
  const found: OverridingFlag[] = [];
  for (const flag of execArgv) if (overrides(flag)) found.push({ flag, from: 'execArgv' });
  for (const flag of (nodeOptions ?? '').split(/[\s"]+/)) {
    if (overrides(flag)) found.push({ flag, from: 'NODE_OPTIONS' });
  }
  return found;
}

/** V8 takes underscores for hyphens, and one hyphen for two. */
function overrides(argument: string): boolean {
  if (!argument.startsWith('-')) return false;
  const name = argument.replace(/^--?/, '').replace(/=.*$/s, '').replaceAll('_', '-');
  return OVERRIDING.some((flag) => flag === name);
}
