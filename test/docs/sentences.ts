import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { root } from './blocks.js';

/** Minimum of fixed text in a string, so that `${a} is ${b}` does not match everything. */
const LEAST = 12;

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Returns patterns for every string in the sources, with any text in place of the variable parts. */
export function sentencePatterns(): RegExp[] {
  const patterns: RegExp[] = [];
  const add = (parts: readonly string[]): void => {
    if (parts.join('').length >= LEAST) patterns.push(new RegExp(`^${parts.map(escaped).join('.*')}$`));
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
  return patterns;
}
