/** Who else may administer, and who did what. */
import type { TokenRequest } from '@espalier/supervisor/client';
import type { Remote } from './command.js';

export async function makeToken({ client, terminal }: Remote, request: TokenRequest): Promise<undefined> {
  const made = await client.makeToken(request);
  // The secret alone goes to standard output: `TOKEN=$(espalier token shop)`.
  terminal.tell(made, () => [made.token]);
  terminal.note(
    `espalier: token ${made.id}, to ${made.right} ${made.path ?? 'everything'}. It is told only here.`,
  );
}

export async function listTokens({ client, terminal }: Remote): Promise<undefined> {
  const found = await client.tokens();
  terminal.tell(found, () => {
    if (found.tokens.length === 0) return ['there is no token'];
    return found.tokens.map(({ id, at, right, path, label }) => {
      return `${id}  ${at}  ${right.padEnd(7)}  ${path ?? '(everything)'}${label === '' ? '' : `  ${terminal.paint('dim', label)}`}`;
    });
  });
}

export async function revokeToken({ client, terminal }: Remote, id: string): Promise<undefined> {
  await client.revokeToken(id);
  terminal.tell({ id }, () => [`revoked ${id}`]);
}

export interface AuditedOptions {
  readonly lines?: number;
  readonly after?: number;
}

export async function audit(
  { client, terminal }: Remote,
  path: string | undefined,
  { lines, after }: AuditedOptions,
): Promise<undefined> {
  const found = await client.audit({
    ...(path === undefined ? {} : { path }),
    ...(lines === undefined ? {} : { lines }),
    ...(after === undefined ? {} : { after }),
  });
  terminal.tell(found, () =>
    found.entries.map(({ at, by, operation, path: of, result }) => {
      const said =
        result === 'ok' ? terminal.paint('green', result) : terminal.paint('yellow', result ?? 'not over');
      return `${at}  ${by}  ${operation}${of === '' ? '' : ` ${of}`}  ${said}`;
    }),
  );
}
