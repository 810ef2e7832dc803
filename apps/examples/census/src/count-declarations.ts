/**
 * Counts what a program holds, at every depth. Without recursion: a file may be nested as deeply as the
 * parser could follow.
 */
interface Counts {
  functions: number;
  classes: number;
  imports: number;
  exports: number;
}

const KINDS: Readonly<Record<string, keyof Counts>> = {
  FunctionDeclaration: 'functions',
  FunctionExpression: 'functions',
  ArrowFunctionExpression: 'functions',
  ObjectMethod: 'functions',
  ClassMethod: 'functions',
  ClassPrivateMethod: 'functions',
  TSDeclareFunction: 'functions',
  TSDeclareMethod: 'functions',
  ClassDeclaration: 'classes',
  ClassExpression: 'classes',
  ImportDeclaration: 'imports',
  TSImportEqualsDeclaration: 'imports',
  ExportNamedDeclaration: 'exports',
  ExportDefaultDeclaration: 'exports',
  ExportAllDeclaration: 'exports',
  TSExportAssignment: 'exports',
};

export function countDeclarations(program: object): Counts {
  const counts: Counts = { functions: 0, classes: 0, imports: 0, exports: 0 };
  const open: object[] = [program];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const type = (node as { readonly type?: unknown }).type;
    const kind = typeof type === 'string' ? KINDS[type] : undefined;
    if (kind !== undefined) counts[kind]++;
    // Not `for in`: the parser's nodes have an enumerable method, which makes that slow.
    for (const key of Object.keys(node)) {
      // Places are many and hold no declarations.
      if (key === 'loc' || key === 'extra') continue;
      const part = (node as Readonly<Record<string, unknown>>)[key];
      if (typeof part === 'object' && part !== null) open.push(part);
    }
  }
  return counts;
}
