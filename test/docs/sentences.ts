import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { root } from './blocks.js';

/** Minimum of fixed text in a string, so that `${a} is ${b}` does not match everything. */
const LEAST = 12;

/** Returns whether a text consists of these parts, in order, with any text between two of them. */
function consistsOf(text: string, [first = '', ...rest]: readonly string[]): boolean {
  const last = rest.pop();
  if (last === undefined) return text === first;
  if (!text.startsWith(first) || !text.endsWith(last)) return false;
  let from = first.length;
  for (const part of rest) {
    const at = text.indexOf(part, from);
    if (at < 0) return false;
    from = at + part.length;
  }
  return from <= text.length - last.length;
}

/** Returns a matcher for every string in the sources, with any text in place of the variable parts. */
export function sentenceMatchers(): ((text: string) => boolean)[] {
  const matchers: ((text: string) => boolean)[] = [];
  const add = (parts: readonly string[]): void => {
    if (parts.join('').length >= LEAST) matchers.push((text) => consistsOf(text, parts));
  };
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) add([node.text]);
    if (ts.isTemplateExpression(node)) {
      add([node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)]);
    }
    ts.forEachChild(node, visit);
  };
  for (const file of readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts')) continue;
    const text = readFileSync(join(root, 'src', file), 'utf8');
    visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest));
  }
  return matchers;
}
