/** A table as prettier leaves it. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}

/** A page with new content between two markers. */
export const between = (name: string, content: string, text: string): string =>
  text.replace(
    new RegExp(`<!-- ${name} -->[^]*?<!-- /${name} -->`),
    `<!-- ${name} -->\n\n${content}\n\n<!-- /${name} -->`,
  );
