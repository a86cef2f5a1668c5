// Makes the mutants of a source file, and its instrumented text: all mutants at once, each behind `__mutant(id)`.
import ts from 'typescript';

/** Texts of the report on code that is not mutated. */
export const LEFT_OUT = [
  'comments, types and regular expressions',
  'texts for people: strings with a space, and the arguments of loggers and of errors',
  'names of modules, properties and cases; strings in comparisons, whose operator is a mutant already',
  'conditions of loops set to true, which would never end',
];

const SWAPS = new Map([
  [ts.SyntaxKind.LessThanToken, ['<=', '>=']],
  [ts.SyntaxKind.LessThanEqualsToken, ['<', '>']],
  [ts.SyntaxKind.GreaterThanToken, ['>=', '<=']],
  [ts.SyntaxKind.GreaterThanEqualsToken, ['>', '<']],
  [ts.SyntaxKind.EqualsEqualsEqualsToken, ['!==']],
  [ts.SyntaxKind.ExclamationEqualsEqualsToken, ['===']],
  [ts.SyntaxKind.AmpersandAmpersandToken, ['||']],
  [ts.SyntaxKind.BarBarToken, ['&&']],
  [ts.SyntaxKind.MinusToken, ['+']],
  [ts.SyntaxKind.PlusToken, ['-']],
  [ts.SyntaxKind.AsteriskToken, ['/']],
  [ts.SyntaxKind.SlashToken, ['*']],
  [ts.SyntaxKind.PlusEqualsToken, ['-=']],
  [ts.SyntaxKind.MinusEqualsToken, ['+=']],
]);
const CALLS = new Map([
  ['some', 'every'],
  ['every', 'some'],
  ['min', 'max'],
  ['max', 'min'],
]);

/**
 * Returns the mutants of a source, in the order of the text.
 *
 * @returns {{ kind: string, start: number, end: number, text: string, line: number, form: 'expression' | 'statement' | 'element', isOnLoad: boolean }[]}
 */
export function mutantsOf(path, source) {
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.Latest, true);
  const found = [];
  const add = (kind, node, text, form = 'expression') => {
    const start = node.getStart(file);
    if (source.slice(start, node.end) === text) return;
    const line = file.getLineAndCharacterOfPosition(start).line + 1;
    found.push({ kind, start, end: node.end, text, line, form, isOnLoad: isOnLoad(node) });
  };
  const visit = (node) => {
    if (isLeftOut(node, file)) return;
    mutate(node, file, add);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

/** Returns the text in which each mutant stands behind `__mutant(id)`, beside the original. */
export function instrumented(source, mutants) {
  const sites = new Map();
  for (const mutant of mutants) {
    const key = `${mutant.start}-${mutant.end}-${mutant.form}`;
    const site = sites.get(key) ?? { start: mutant.start, end: mutant.end, form: mutant.form, mutants: [] };
    site.mutants.push(mutant);
    sites.set(key, site);
  }
  // The outer ones first; of two with the same range, the statement or element surrounds the expression.
  const rank = ({ form }) => (form === 'expression' ? 1 : 0);
  const sorted = [...sites.values()].sort((a, b) => a.start - b.start || b.end - a.end || rank(a) - rank(b));
  const [text] = write(source, sorted, 0, 0, source.length);
  return text;
}

/** Writes the text from `start` to `end` with the sites from `index` on; returns it, and the next site. */
function write(source, sites, index, start, end) {
  let text = '';
  let at = start;
  let next = index;
  while (next < sites.length && sites[next].end <= end) {
    const site = sites[next];
    const [inner, after] = write(source, sites, next + 1, site.start, site.end);
    text += source.slice(at, site.start) + surrounded(site, inner);
    at = site.end;
    next = after;
  }
  return [text + source.slice(at, end), next];
}

function surrounded({ form, mutants }, inner) {
  const [{ id }] = mutants;
  // In its own block: an `else` may follow.
  if (form === 'statement') return `{ if (!__mutant(${id})) { ${inner} } }`;
  if (form === 'element')
    return `...(__mutant(${id}) ? [] : ${inner.startsWith('...') ? inner.slice(3) : `[${inner}]`})`;
  return `(${mutants.map((one) => `__mutant(${one.id}) ? (${one.text}) : `).join('')}(${inner}))`;
}

/** Returns whether a node is evaluated when its module is loaded, and never again. */
function isOnLoad(node) {
  for (let one = node.parent; one; one = one.parent)
    if (ts.isFunctionLike(one) || ts.isPropertyDeclaration(one)) return false;
  return true;
}

function isLeftOut(node, file) {
  if (ts.isTypeNode(node) || ts.isTypeAliasDeclaration(node) || ts.isInterfaceDeclaration(node)) return true;
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return true;
  if (ts.isNewExpression(node)) return /Error$/.test(node.expression.getText(file));
  if (!ts.isCallExpression(node)) return false;
  const callee = node.expression.getText(file);
  return /(^|\.|#)logger\??\.\w+$/.test(callee) || callee === 'refusal' || callee === 'import';
}

function mutate(node, file, add) {
  const { parent } = node;
  if (ts.isIfStatement(node)) toBoolean(node.expression, add);
  if (ts.isConditionalExpression(node)) toBoolean(node.condition, add);
  if (ts.isWhileStatement(node) || ts.isDoStatement(node)) add('condition', node.expression, 'false');
  if (ts.isBinaryExpression(node)) mutateOperator(node, file, add);
  if (ts.isExpressionStatement(node) && isRemovable(node.expression, file))
    add('statement', node, ';', 'statement');
  if (ts.isAwaitExpression(node)) add('await', node, node.expression.getText(file));
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken)
    add('negation', node, node.operand.getText(file));
  if (ts.isNumericLiteral(node) && parent.name !== node) {
    const value = Number(node.text.replaceAll('_', ''));
    add('number', node, String(value + 1));
    if (value > 0) add('number', node, String(value - 1));
  }
  if (node.kind === ts.SyntaxKind.TrueKeyword) add('boolean', node, 'false');
  if (node.kind === ts.SyntaxKind.FalseKeyword) add('boolean', node, 'true');
  if (ts.isStringLiteral(node) && isValue(node)) add('string', node, "''");
  if (node.questionDotToken) mutateOptional(node, file, add);
  if (ts.isCallExpression(node)) mutateCall(node, file, add);
  if (ts.isArrayLiteralExpression(node) && !isPattern(node)) {
    for (const element of node.elements) add('element', element, '(nothing)', 'element');
  }
}

function toBoolean(condition, add) {
  for (const value of ['true', 'false']) add('condition', condition, value);
}

function mutateOperator(node, file, add) {
  const { operatorToken: token } = node;
  const [left, right] = [node.left, node.right].map((side) => side.getText(file));
  const isText = [node.left, node.right].some(
    (side) => ts.isStringLiteral(side) || ts.isTemplateExpression(side),
  );
  if (isText && token.kind === ts.SyntaxKind.PlusToken) return;
  const isAssignment = token.getText(file).endsWith('=') && token.getText(file).length === 2;
  const [before, after] =
    isAssignment && !/^[<>]/.test(token.getText(file)) ? [left, right] : [`(${left})`, `(${right})`];
  for (const text of SWAPS.get(token.kind) ?? []) add('operator', node, `${before} ${text} ${after}`);
  if (token.kind === ts.SyntaxKind.QuestionQuestionToken) add('operator', node, left);
}

/** Replaces `?.` by `.` within the whole chain, so that what follows is still skipped in the original. */
function mutateOptional(node, file, add) {
  let chain = node;
  while (chain.parent.expression === chain && chain.parent.flags & ts.NodeFlags.OptionalChain)
    chain = chain.parent;
  const start = chain.getStart(file);
  const at = node.questionDotToken.getStart(file) - start;
  const text = chain.getText(file);
  const dot = ts.isPropertyAccessExpression(node) ? '.' : '';
  add('optional', chain, text.slice(0, at) + dot + text.slice(at + 2));
}

function mutateCall(node, file, add) {
  const { expression: callee } = node;
  // Within an optional chain, a part cannot be replaced alone.
  if (!ts.isPropertyAccessExpression(callee) || node.flags & ts.NodeFlags.OptionalChain) return;
  const object = callee.expression.getText(file);
  const name = callee.name.text;
  const start = node.getStart(file);
  if (name === 'filter') add('call', node, object);
  else if (CALLS.has(name) && (object === 'Math') === /^m/.test(name)) {
    const text = node.getText(file);
    const [from, to] = [callee.name.getStart(file) - start, callee.name.end - start];
    add('call', node, text.slice(0, from) + CALLS.get(name) + text.slice(to));
  }
}

const unwrapped = (node) =>
  ts.isAwaitExpression(node) || ts.isVoidExpression(node) ? unwrapped(node.expression) : node;

function isRemovable(expression, file) {
  const inner = unwrapped(expression);
  const isSuper = ts.isCallExpression(inner) && inner.expression.kind === ts.SyntaxKind.SuperKeyword;
  return !isSuper && !ts.isStringLiteral(inner) && !isLeftOut(inner, file);
}

/** Returns whether a string is a value of the program, and neither a text, a name, nor one side of a comparison. */
function isValue({ text, parent }) {
  if (text === '' || text.includes(' ')) return false;
  if (parent.propertyName?.text === text || parent.name?.text === text) return false;
  if (ts.isPropertyAssignment(parent)) return parent.initializer.text === text;
  return !(ts.isBinaryExpression(parent) || ts.isCaseClause(parent) || ts.isLiteralTypeNode(parent));
}

const isPattern = ({ parent }) =>
  ts.isBinaryExpression(parent) && parent.operatorToken.kind === ts.SyntaxKind.EqualsToken;
