/** Formats a table like prettier. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}

/** Returns a page with new content between two markers. */
export const between = (name: string, content: string, text: string): string =>
  text.replace(
    new RegExp(`<!-- ${name} -->[^]*?<!-- /${name} -->`),
    `<!-- ${name} -->\n\n${content}\n\n<!-- /${name} -->`,
  );

/** Returns the cells of the first table whose first column has this heading, unchanged. */
export function rowsOf(text: string, heading: string): string[][] {
  const [found] = tablesOf(text).filter(({ head }) => head[0] === heading);
  if (found === undefined) throw new Error(`Expected a table with the column ${heading}`);
  return found.rows;
}

/** Returns every table of a page, without code blocks. */
export function tablesOf(text: string): { readonly head: string[]; readonly rows: string[][] }[] {
  const plain = text.replace(/^```.*?^```$/gms, '');
  return [...plain.matchAll(/(?:^\|.*\|$\n?){3,}/gm)].map(([lines]) => {
    const [head = [], , ...rows] = lines.trim().split('\n').map(cellsOf);
    return { head, rows };
  });
}

const cellsOf = (line: string): string[] =>
  line
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim());
