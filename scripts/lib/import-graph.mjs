/**
 * Which file of the project loads which at run time: an edge for each relative import or re-export of
 * a TypeScript source that is not type-only. Paths are relative to the root.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import ts from 'typescript';
import { ROOT } from './project.mjs';

export function parse(path) {
  return ts.createSourceFile(path, readFileSync(join(ROOT, path), 'utf8'), ts.ScriptTarget.ES2023, true);
}

function specifiers(source) {
  const found = [];
  const visit = (node) => {
    if (ts.isImportDeclaration(node) && node.importClause?.isTypeOnly !== true) {
      found.push(node.moduleSpecifier);
    } else if (ts.isExportDeclaration(node) && !node.isTypeOnly && node.moduleSpecifier !== undefined) {
      found.push(node.moduleSpecifier);
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      found.push(node.arguments[0]);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found.filter((node) => node !== undefined && ts.isStringLiteral(node)).map((node) => node.text);
}

/** The sources that `path` loads directly. */
export function importsOf(path) {
  return specifiers(parse(path))
    .filter((name) => name.startsWith('./') || name.startsWith('../'))
    .map((name) => posix.join(posix.dirname(path), name).replace(/\.js$/, '.ts'))
    .filter((target) => existsSync(join(ROOT, target)));
}

/** `entry` and everything it loads, directly or not. */
export function reachableFrom(entry) {
  const seen = new Set([entry]);
  for (const path of seen) for (const target of importsOf(path)) seen.add(target);
  return [...seen];
}
