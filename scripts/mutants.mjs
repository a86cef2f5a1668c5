// Makes the mutants of a source file: one small change each, as a position and its new text.
import ts from 'typescript';

/** What is not mutated, for the report. */
export const LEFT_OUT = [
  'comments and types',
  'texts for people: strings with a space, and the arguments of loggers and errors',
  'names of modules, properties and cases; strings in comparisons, whose condition is a mutant already',
  'conditions of loops set to true, which never end',
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
]);

/** @returns {{ kind: string, start: number, end: number, text: string, line: number, scope: number }[]} */
export function mutantsOf(path, source) {
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.Latest, true);
  const found = [];
  const add = (kind, node, text, start = node.getStart(file)) => {
    if (source.slice(start, node.end) === text) return;
    const line = file.getLineAndCharacterOfPosition(start).line + 1;
    found.push({ kind, start, end: node.end, text, line, scope: scopeOf(node) });
  };
  const visit = (node) => {
    if (isLeftOut(node, file)) return;
    mutate(node, file, add);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

/** Inserts a probe into each function: calls `globalThis.__reached(path, scope)`, whose scope is that of its mutants. */
export function withProbes(path, source) {
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.Latest, true);
  const inserts = [];
  const visit = (node) => {
    if (ts.isFunctionLike(node) && node.body) {
      const call = `globalThis.__reached?.(${JSON.stringify(path)}, ${node.pos})`;
      const at = node.body.getStart(file);
      if (ts.isBlock(node.body)) inserts.push([at + 1, `${call};`]);
      else inserts.push([at, `(${call}, `], [node.body.end, ')']);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  const sorted = inserts.map((one, order) => [...one, order]).sort((a, b) => b[0] - a[0] || b[2] - a[2]);
  return sorted.reduce((text, [at, more]) => text.slice(0, at) + more + text.slice(at), source);
}

/** Position of the enclosing function; -1 at the top level and in the defaults of parameters. */
function scopeOf(node) {
  for (let one = node, above = node.parent; above; one = above, above = above.parent) {
    if (ts.isFunctionLike(above) && above.body === one) return above.pos;
  }
  return -1;
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
  if (ts.isIfStatement(node) || ts.isConditionalExpression(node)) {
    const condition = ts.isIfStatement(node) ? node.expression : node.condition;
    for (const value of ['true', 'false']) add('condition', condition, value);
  }
  if (ts.isWhileStatement(node) || ts.isDoStatement(node)) add('condition', node.expression, 'false');
  if (ts.isBinaryExpression(node)) mutateOperator(node, file, add);
  if (ts.isExpressionStatement(node) && !isLeftOut(unwrapped(node.expression), file))
    add('statement', node, ';');
  if (ts.isAwaitExpression(node)) add('await', node, `(${node.expression.getText(file)})`);
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken)
    add('negation', node, `(${node.operand.getText(file)})`);
  if (ts.isNumericLiteral(node) && !ts.isPropertyAssignment(parent?.parent)) {
    const value = Number(node.text.replaceAll('_', ''));
    add('number', node, String(value + 1));
    if (value > 0) add('number', node, String(value - 1));
  }
  if (node.kind === ts.SyntaxKind.TrueKeyword) add('boolean', node, 'false');
  if (node.kind === ts.SyntaxKind.FalseKeyword) add('boolean', node, 'true');
  if (ts.isStringLiteral(node) && isValue(node)) add('string', node, "''");
  if (node.questionDotToken)
    add('optional', node.questionDotToken, ts.isPropertyAccessExpression(node) ? '.' : '');
  if (ts.isArrayLiteralExpression(node) && !isPattern(node)) {
    for (const element of node.elements) add('element', element, '...[]');
  }
}

function mutateOperator(node, file, add) {
  const { operatorToken: token, left, right } = node;
  const isText = [left, right].some((side) => ts.isStringLiteral(side) || ts.isTemplateExpression(side));
  if (isText && token.kind === ts.SyntaxKind.PlusToken) return;
  for (const text of SWAPS.get(token.kind) ?? []) add('operator', token, text);
  if (token.kind === ts.SyntaxKind.QuestionQuestionToken) add('operator', node, `(${left.getText(file)})`);
}

const unwrapped = (node) =>
  ts.isAwaitExpression(node) || ts.isVoidExpression(node) ? unwrapped(node.expression) : node;

/** Returns whether a string is a value of the program, and neither a text, a name, nor one side of a comparison. */
function isValue({ text, parent }) {
  if (text === '' || text.includes(' ')) return false;
  if (ts.isPropertyAssignment(parent) || ts.isPropertySignature(parent))
    return parent.initializer?.text === text;
  return !(ts.isBinaryExpression(parent) || ts.isCaseClause(parent) || ts.isLiteralTypeNode(parent));
}

const isPattern = ({ parent }) =>
  ts.isBinaryExpression(parent) && parent.operatorToken.kind === ts.SyntaxKind.EqualsToken;
