import { describe, expect, test } from '@jest/globals';
import { cellCommand } from '../../src/cells/cell-command.js';
import type { Machine, WallName } from '../../src/cells/walls.js';

const NODE = ['/bin/node', '--flag', 'cell.js', '{}'];

function command(
  walls: readonly WallName[],
  { inUserNamespace = false, cgroups = [] as string[], limits = {} } = {},
): string {
  const machine = {
    tools: { unshare: 'unshare', prlimit: 'prlimit', setpriv: 'setpriv', sh: 'sh' },
    inUserNamespace,
    nodeDataMb: 50,
  } as unknown as Machine;
  return cellCommand({ walls: new Set(walls), machine, limits, cgroups, node: NODE })
    .join(' ')
    .replace(NODE.join(' '), 'NODE')
    .replace(/-c .* sh /, '-c … sh ');
}

const RIGHTS = '--no-new-privs --bounding-set=-all --inh-caps=-all';
const USER = '--reuid 65534 --regid 65534 --clear-groups';

describe('the command that starts a cell', () => {
  test.each<[string, string, string]>([
    ['no wall', command([]), 'NODE'],
    ['a death signal', command(['deathSignal']), 'setpriv --pdeathsig KILL -- NODE'],
    ['namespaces', command(['net', 'ipc']), 'unshare --net --ipc -- NODE'],
    [
      'namespaces that need a user namespace',
      command(['net', 'deathSignal'], { inUserNamespace: true }),
      `unshare --user --map-root-user -- unshare --net -- setpriv ${RIGHTS} --pdeathsig KILL -- NODE`,
    ],
    [
      'a process namespace: both processes die with the one above',
      command(['proc', 'deathSignal']),
      'setpriv --pdeathsig KILL -- unshare --pid --fork --kill-child=KILL --mount --mount-proc -- setpriv --pdeathsig KILL -- sh -c … sh NODE',
    ],
    [
      'a process namespace in a user namespace: the death signal comes after the namespace that would clear it',
      command(['pid', 'deathSignal', 'user']),
      `unshare --user --map-root-user -- setpriv --pdeathsig KILL -- unshare --pid --fork --kill-child=KILL -- setpriv ${RIGHTS} --pdeathsig KILL -- sh -c … sh NODE`,
    ],
    [
      'another user, and limits that are set as that user',
      command(['otherUser', 'deathSignal', 'rlimits'], { limits: { dataMb: 1, files: 10.2, processes: 3 } }),
      `setpriv ${USER} ${RIGHTS} --pdeathsig KILL -- prlimit --core=0 --data=53477376: --nofile=11 --nproc=3 -- NODE`,
    ],
    ['limits: no core files in any case', command(['rlimits']), 'prlimit --core=0 -- NODE'],
    [
      'cgroups are joined before anything else',
      command(['net'], { cgroups: ['/a', '/b'] }),
      'sh -c … sh /a /b -- unshare --net -- NODE',
    ],
  ])('%s', (_, given, expected) => {
    expect(given).toBe(expected);
  });
});
