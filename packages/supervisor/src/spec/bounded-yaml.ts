/**
 * YAML as one document, within bounds: whoever reads a text for somebody else must not be kept by it for minutes, nor
 * use up its stack. They are far beyond any tree: 15,000 nodes, each with a module and a limit, are within.
 */
import { Composer, Document, Lexer, Parser, YAMLParseError, type CST, type LineCounter } from 'yaml';

const DEEPEST = 200;
/** Of brackets, commas, words, spaces … */
const MOST_LEXEMES = 500_000;

/** What is wrong with the text is among the errors of the document. */
export function parseBounded(text: string, lines: LineCounter): Document {
  const composer = new Composer({ lineCounter: lines, prettyErrors: false });
  let document: Document | undefined;
  try {
    for (const found of composer.compose(tokens(text, lines), true, text.length)) {
      if (document !== undefined)
        throw faultAt(found.range[0], 'MULTIPLE_DOCS', 'There is a second document.');
      document = found;
    }
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error;
    document ??= new Document();
    document.errors.push(error);
  }
  return document ?? new Document();
}

function* tokens(text: string, lines: LineCounter): Generator<CST.Token> {
  const parser = new Parser(lines.addNewLine);
  lines.addNewLine(0);
  let lexemes = 0;
  for (const lexeme of new Lexer().lex(text)) {
    yield* parser.next(lexeme);
    lexemes += 1;
    if (lexemes > MOST_LEXEMES) throw beyond(parser, `It has more than ${MOST_LEXEMES} parts.`);
    if (parser.stack.length > DEEPEST) throw beyond(parser, `It is nested more than ${DEEPEST} levels deep.`);
  }
  yield* parser.end();
}

function beyond({ offset }: Parser, message: string): YAMLParseError {
  return faultAt(offset, 'RESOURCE_EXHAUSTION', message);
}

function faultAt(offset: number, code: YAMLParseError['code'], message: string): YAMLParseError {
  return new YAMLParseError([offset, offset], code, message);
}
