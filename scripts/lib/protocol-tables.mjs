/**
 * The generated parts of docs/protocol.md, by name: read from the types, tables and doc comments of the
 * protocol's sources, so that a change there shows up in `npm run docs:check`.
 */
import ts from 'typescript';
import { parse } from './import-graph.mjs';

const CORE = 'packages/core/src';

export function protocolTables() {
  const calls = parse(`${CORE}/protocol/system-calls.ts`);
  const shapes = parse(`${CORE}/protocol/system-call-shapes.ts`);
  const notices = parse(`${CORE}/protocol/notices.ts`);
  const frames = parse(`${CORE}/channel/frames.ts`);
  const reasons = parse(`${CORE}/exit-reason.ts`);
  return {
    'system calls': systemCalls(calls, shapes),
    notices: noticesOf(notices, 'Notice'),
    'notices to cells': noticesOf(notices, 'CellNotice'),
    frames: numbered(frames, 'FRAME', 'frame'),
    flags: numbered(frames, 'FLAG', 'flag'),
    'exit reasons': exitReasons(reasons),
    'a death': list(
      between(header(`${CORE}/kernel/lifecycle.ts`), /whatever caused it:\n/, /\nNames are free/),
    ),
    'names of states': nameStates(notices),
    'states of a route': diagram(header(`${CORE}/guest/route.ts`)),
    'states of an environment': diagram(header(`${CORE}/kernel/environment.ts`)),
  };
}

function systemCalls(source, shapes) {
  const meanings = objectLiteral(source, 'SYSTEM_CALLS');
  const members = unionMembers(shapes, 'SystemCall');
  const rows = meanings.properties.map((property) => {
    const name = property.name.text;
    const forms = members.filter((member) => literalOf(member, 'call') === name);
    const fields = forms.map((member) => fieldsOf(member, 'call')).join(', or ');
    const answered = forms.some((member) => has(member, 'id')) && name !== 'answer';
    return [`\`${name}\``, property.initializer.text, fields, answered ? 'yes' : ''];
  });
  return table(['call', 'asks', 'with', 'answered'], rows);
}

function noticesOf(source, union) {
  const rows = unionMembers(source, union).map((member) => [
    `\`${literalOf(member, 'notice')}\``,
    docOf(source, member),
    fieldsOf(member, 'notice'),
  ]);
  return table(['notice', 'says', 'with'], rows);
}

function numbered(source, constant, title) {
  const rows = objectLiteral(source, constant).properties.map((property) => [
    property.initializer.text,
    `\`${property.name.text}\``,
    docOf(source, property),
  ]);
  return table(['number', title, 'meaning'], rows);
}

function exitReasons(source) {
  const chosen = new Set(elements(source, 'GUEST_EXIT_TAGS').map(({ text }) => text));
  const rows = elements(source, 'EXIT_TAGS').map((tag) => [
    `\`${tag.text}\``,
    docOf(source, tag),
    chosen.has(tag.text) ? 'guest or kernel' : 'kernel, or who spawned it',
  ]);
  return table(['reason', 'the environment', 'given by'], rows);
}

function nameStates(source) {
  const rows = unionMembers(source, 'NameState').map((member) => [
    `\`${literalOf(member, 'state')}\``,
    docOf(source, member),
  ]);
  return table(['state', 'meaning'], rows);
}

// ---- reading sources

function declaration(source, name) {
  for (const statement of source.statements) {
    if (ts.isTypeAliasDeclaration(statement) && statement.name.text === name) return statement.type;
    if (!ts.isVariableStatement(statement)) continue;
    for (const { name: own, initializer } of statement.declarationList.declarations)
      if (own.text === name) return bare(initializer);
  }
  throw new Error(`${source.fileName} declares no ${name}`);
}

/** Without `as const` and `satisfies`. */
function bare(node) {
  return ts.isAsExpression(node) || ts.isSatisfiesExpression(node) ? bare(node.expression) : node;
}

const objectLiteral = declaration;
const elements = (source, name) => declaration(source, name).elements;
const unionMembers = (source, name) => declaration(source, name).types;
const field = (member, name) => member.members.find((one) => one.name.text === name);
const has = (member, name) => field(member, name) !== undefined;
const literalOf = (member, name) => field(member, name)?.type.literal.text;

function fieldsOf(member, tag) {
  return member.members
    .filter(({ name }) => name.text !== tag)
    .map(({ name }) => `\`${name.text}\``)
    .join(' ');
}

/** The doc comment right before a node, in one line; every entry has to have one. */
function docOf(source, node) {
  // A member of a union has its comment before the `|`, and its own start behind it.
  const before = source.text.slice(0, node.getStart(source)).replace(/[\s|]*$/, '');
  const comment = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/$/.exec(before)?.[1];
  if (comment === undefined) {
    const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
    throw new Error(`${source.fileName}:${line + 1} has no doc comment for docs/protocol.md`);
  }
  return unstarred(comment).replace(/\s+/g, ' ').trim();
}

/** The comment at the head of a file. */
function header(path) {
  return unstarred(/^\/\*\*([\s\S]*?)\*\//.exec(parse(path).text)?.[1] ?? '');
}

function unstarred(comment) {
  return comment.replace(/^[ \t]*\* ?/gm, '');
}

function between(text, from, to) {
  const rest = text.slice(text.search(from)).replace(from, '');
  const end = rest.search(to);
  if (end <= 0) throw new Error(`nothing stands between ${from} and ${to}`);
  return rest.slice(0, end);
}

/** The first drawing in a comment: lines that are indented, with what is empty between them. */
function diagram(text) {
  const drawn = /(?:^ {2,}.*\n|^\n(?= {2,}))+/m.exec(text)?.[0];
  if (drawn === undefined) throw new Error('a comment has lost its drawing');
  return `\`\`\`text\n${drawn.replace(/^\n+|\s+$/g, '')}\n\`\`\``;
}

// ---- writing Markdown

/** Numbered lines of a comment, which go on where they are indented further. */
function list(text) {
  return text.replace(/\n {4,}/g, ' ').replace(/^ +(\d)/gm, '$1');
}

function table(heads, rows) {
  const cell = (text) => text.replaceAll('|', '\\|');
  const line = (cells) => `| ${cells.map(cell).join(' | ')} |`;
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n');
}
