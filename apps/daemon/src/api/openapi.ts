/** The OpenAPI 3.1 document, made of the table of operations: its schemas are the ones that requests are checked by. */
import { OPERATIONS, Problem, type Operation } from '@espalier/supervisor/admin-api';

type Json = Readonly<Record<string, unknown>>;

/** A schema of the table: TypeBox writes plain JSON Schema. */
type Schema = Json & { readonly $id?: string };

export function openApi(version: string): Json {
  const schemas = new Map<string, Schema>();
  // A schema with a name stands in the document once, wherever it is used.
  const refer = (schema: Schema): Json => {
    const { $id, ...rest } = schema;
    const parts = Object.entries(rest).map(([key, part]) => [key, within(part)]);
    const whole = Object.fromEntries(parts) as Json;
    if ($id === undefined) return whole;
    schemas.set($id, whole);
    return { $ref: `#/components/schemas/${$id}` };
  };
  const within = (part: unknown): unknown => {
    if (Array.isArray(part)) return part.map(within);
    return typeof part === 'object' && part !== null ? refer(part as Schema) : part;
  };
  const paths: Record<string, Record<string, Json>> = {};
  for (const [operationId, operation] of Object.entries(OPERATIONS as Record<string, Operation>)) {
    const path = operation.path.replaceAll(/:(\w+)/g, '{$1}');
    paths[path] = {
      ...paths[path],
      [operation.method.toLowerCase()]: described(operationId, operation, refer),
    };
  }
  refer(Problem as object as Schema);
  return {
    openapi: '3.1.0',
    info: { title: 'Espalier admin API', version, license: { name: 'MIT', identifier: 'MIT' } },
    servers: [
      { url: 'http://espalier', description: 'On the Unix socket `api.sock` in the folder of the daemon.' },
    ],
    // At the socket without a token: whoever can open it may do everything.
    security: [{ token: [] }, {}],
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: Object.fromEntries(schemas),
    },
  };
}

function described(operationId: string, operation: Operation, refer: (schema: Schema) => Json): Json {
  const { summary, params, query, body, response, status, streams, media, right, whole } = operation;
  const type = streams === true ? 'text/event-stream' : (media ?? 'application/json');
  const answer =
    response === undefined
      ? { description: 'Done.' }
      : { description: summary, content: { [type]: { schema: refer(response as Schema) } } };
  const problem = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };
  const parameters = [
    ...parametersOf(params as Schema | undefined, 'path'),
    ...parametersOf(query as Schema | undefined, 'query'),
  ];
  return {
    operationId,
    summary,
    description: `Needs the right to ${right}${whole === true ? ', of all' : ''}.`,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : {
          requestBody: { required: true, content: { 'application/json': { schema: refer(body as Schema) } } },
        }),
    responses: {
      [status]: answer,
      default: { description: 'Refused or failed: see `code`.', content: problem },
    },
  };
}

function parametersOf(schema: Schema | undefined, place: 'path' | 'query'): readonly Json[] {
  const properties = (schema?.['properties'] ?? {}) as Readonly<Record<string, Schema>>;
  const required = (schema?.['required'] ?? []) as readonly string[];
  return Object.entries(properties).map(([name, { description, ...property }]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema: property,
  }));
}
