/** The schema and the page are made from the table of fields; these tests hold them to it. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { NOT_BUILT } from '../../src/spec/index.js';

const GENERATOR = fileURLToPath(new URL('../../scripts/generate-schema.mjs', import.meta.url));

interface Schema {
  readonly properties: Record<string, { readonly enum?: readonly string[]; readonly default?: unknown }>;
  readonly definitions: Record<
    string,
    { readonly properties: Record<string, { readonly enum?: readonly string[] }> }
  >;
}

function schema(): Schema {
  return JSON.parse(
    readFileSync(new URL('../../../../docs/spec.schema.json', import.meta.url), 'utf8'),
  ) as Schema;
}

test('docs/spec.schema.json and docs/spec.md say what the table of fields says', () => {
  const { status, stderr } = spawnSync(process.execPath, [GENERATOR, '--check'], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] },
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});

test('the schema offers no value that is not built', () => {
  const { properties, definitions } = schema();
  for (const { on, field, value } of NOT_BUILT) {
    for (const kind of on) {
      const known = kind === 'root' ? properties : definitions[kind]?.properties;
      if (value === undefined) {
        if (!field.includes('.'))
          expect([field, Object.keys(known ?? {})]).not.toEqual([field, expect.arrayContaining([field])]);
      } else expect(known?.[field]?.enum).not.toContain(value);
    }
  }
  expect(properties['wall']?.enum).toEqual(['thread']);
});
