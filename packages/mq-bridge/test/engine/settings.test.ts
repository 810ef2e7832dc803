import { describe, expect, test } from '@jest/globals';
import type { SpecError } from '@espalier/core';
import { completeSettings, type BridgeSettings } from '../../src/engine/settings.js';

const LEAST: BridgeSettings = { url: 'amqp://guest:secret@localhost', key: '/k', ticket: '/t' };

function problemsOf(settings: unknown): SpecError {
  try {
    completeSettings(settings as BridgeSettings);
  } catch (error) {
    return error as SpecError;
  }
  throw new Error('nothing is wrong with them');
}

describe('the settings of a bridge', () => {
  test('are complete where only what must be is given', () => {
    const { url, ...rest } = LEAST;
    expect(completeSettings(LEAST)).toEqual({
      ...rest,
      urls: [url],
      tls: {},
      exports: {},
      imports: {},
      replicated: false,
      heartbeatMs: 2000,
      downAfterMs: 10_000,
      messageBytes: 1024 * 1024,
    });
  });

  test('take a host for down after two heartbeats at least', () => {
    expect(completeSettings({ ...LEAST, heartbeatMs: 8000 }).downAfterMs).toBe(16_000);
    expect(problemsOf({ ...LEAST, heartbeatMs: 8000, downAfterMs: 9000 }).path).toBe('downAfterMs');
  });

  test('are refused with every problem at once', () => {
    const { code, problems } = problemsOf({
      url: 'http://x',
      key: '',
      ticket: 7,
      revoked: 'a\nb',
      messageBytes: 0,
    });
    expect(code).toBe('spec_invalid');
    expect(problems.map(({ path }) => path)).toEqual(['url', 'key', 'ticket', 'revoked', 'messageBytes']);
    expect(problemsOf(undefined).problems).toHaveLength(3);
  });

  test('name several nodes of a broker, and files for TLS', () => {
    const url = ['amqps://one', 'amqps://two'];
    const tls = { ca: '/ca', certificate: '/c', key: '/k', serverName: 'broker' };
    expect(completeSettings({ ...LEAST, url, tls })).toMatchObject({ urls: url, tls });
  });

  test.each([
    ['an address among several is none', { url: ['amqp://one', 7] }, 'url'],
    ['there is no address', { url: [] }, 'url'],
    ['TLS is asked for and the address has none', { tls: { ca: '/ca' } }, 'tls'],
    ['a certificate has no key', { url: 'amqps://one', tls: { certificate: '/c' } }, 'tls'],
    ['a file is no path', { url: 'amqps://one', tls: { ca: '-----BEGIN\n' } }, 'tls.ca'],
    ['a field of TLS is unknown', { url: 'amqps://one', tls: { cert: '/c' } }, 'tls.cert'],
    ['TLS is no object', { url: 'amqps://one', tls: true }, 'tls'],
    ['a policy is none', { imports: { a: { overflow: 'wait' } } }, 'imports.a.overflow'],
    ['a time is none', { imports: { a: { sendTimeoutMs: -1 } } }, 'imports.a.sendTimeoutMs'],
  ])('are refused where %s', (_what, more, path) => {
    expect(problemsOf({ ...LEAST, ...more }).problems.map((problem) => problem.path)).toEqual([path]);
  });

  test('are refused where an export or import is none', () => {
    const { problems } = problemsOf({
      ...LEAST,
      exports: { a: { durabel: true }, b: { attempts: 0 } },
      imports: { c: 1, d: { as: '' } },
    });
    expect(problems.map(({ path }) => path)).toEqual([
      'exports.a.durabel',
      'exports.b.attempts',
      'imports.c',
      'imports.d.as',
    ]);
  });

  test('never repeat the address, which may hold a password, nor a key that stands where its file should', () => {
    const error = problemsOf({ ...LEAST, url: 'https://user:secret@broker', key: 'a\nsecret' });
    expect(JSON.stringify(error.problems) + error.message).not.toContain('secret');
  });
});
