import { expect, test } from '@jest/globals';
import { daemonFolder, socketPath } from '../../src/client/folder.js';

test.each([
  ['what is given comes first', '/given', { ESPALIER_FOLDER: '/env', XDG_STATE_HOME: '/state' }, '/given'],
  ['then the environment', undefined, { ESPALIER_FOLDER: '/env', XDG_STATE_HOME: '/state' }, '/env'],
  [
    'then the user’s folder of state',
    undefined,
    { ESPALIER_FOLDER: '', XDG_STATE_HOME: '/state' },
    '/state/espalier',
  ],
  ['then the one that every user has', undefined, {}, '/home/me/.local/state/espalier'],
] as const)('%s', (_title, folder, env, expected) => {
  expect(daemonFolder({ folder, env, home: '/home/me' })).toBe(expected);
});

test('the socket lies in it', () => {
  expect(socketPath('/a')).toBe('/a/api.sock');
});
