/** Requests as any program makes them, each answer held against the OpenAPI document that the daemon itself gives. */
import { request } from 'node:http';
import { join } from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  readonly document: Readonly<Record<string, unknown>>;
}

export interface Given {
  readonly body?: unknown;
  /** In place of a body as JSON. */
  readonly raw?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

export function ask(folder: string, method: string, path: string, given: Given = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const content = given.raw ?? (given.body === undefined ? undefined : JSON.stringify(given.body));
    const type = content === undefined ? {} : { 'content-type': 'application/json' };
    const asked = request(
      { socketPath: join(folder, 'api.sock'), method, path, headers: { ...type, ...given.headers } },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('error', reject);
        response.on('end', () => {
          const { statusCode: status = 0, headers } = response;
          const answerType = headers['content-type'] ?? '';
          const document = answerType.includes('json') ? (JSON.parse(text) as Answer['document']) : {};
          resolve({ status, type: answerType, text, document });
        });
      },
    );
    asked.on('error', reject);
    asked.end(content);
  });
}

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly responses: object }>>>>;
}

/** Throws for an answer that the document does not foretell. */
export class Contract {
  readonly #document: OpenApi;
  readonly #ajv = new Ajv2020({ strict: false });
  readonly #seen = new Set<string>();

  constructor(document: unknown) {
    this.#document = document as OpenApi;
    this.#ajv.addSchema(document as object, 'api');
  }

  get operations(): readonly string[] {
    return Object.entries(this.#document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
  }

  /** Operations of which a success was seen. */
  get seen(): readonly string[] {
    return [...this.#seen];
  }

  check(method: string, path: string, { status, type, document }: Answer): void {
    const name = this.operations.find((operation) => matches(operation, method, path));
    if (status >= 400 || name === undefined) {
      this.#valid(['components', 'schemas', 'Problem'], document);
      if (!type.startsWith('application/problem+json')) throw new Error(`a problem of type ${type}`);
      if (document['status'] !== status) throw new Error('a problem that tells another status');
      return;
    }
    this.#seen.add(name);
    if (status === 204 || !type.startsWith('application/json')) return;
    const place = name.slice(name.indexOf(' ') + 1);
    this.#valid(
      [
        'paths',
        place,
        method.toLowerCase(),
        'responses',
        String(status),
        'content',
        'application/json',
        'schema',
      ],
      document,
    );
  }

  checkEntry(name: 'EventEntry' | 'LogLine', entry: unknown): void {
    this.#valid(['components', 'schemas', name], entry);
  }

  #valid(pointer: readonly string[], value: unknown): void {
    const path = pointer.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')));
    const validate: ValidateFunction = this.#ajv.compile({ $ref: `api#/${path.join('/')}` });
    if (!validate(value))
      throw new Error(`${this.#ajv.errorsText(validate.errors)}: ${JSON.stringify(value)}`);
  }
}

function matches(operation: string, method: string, path: string): boolean {
  const [, pattern = ''] = operation.split(' ');
  const [place = ''] = path.split('?');
  return (
    operation.startsWith(`${method} `) &&
    new RegExp(`^${pattern.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(place)
  );
}
