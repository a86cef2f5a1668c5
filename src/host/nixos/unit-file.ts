/** Content of a unit file: values by key by section, in their order. */
export type UnitFile = Map<string, Map<string, string[]>>;

/**
 * Reads a unit file, or a drop-in on top of earlier files, as systemd does: a line that ends in a backslash continues in
 * the next line that is no comment; an empty assignment resets the earlier ones.
 */
export function parseUnitFile(text: string, into: UnitFile = new Map()): UnitFile {
  let section: Map<string, string[]> | undefined;
  for (const line of logicalLines(text)) {
    const header = /^\[(.+)\]$/.exec(line)?.[1];
    if (header !== undefined) {
      section = into.get(header) ?? new Map<string, string[]>();
      into.set(header, section);
      continue;
    }
    const equals = line.indexOf('=');
    if (section === undefined || equals <= 0) continue;
    const key = line.slice(0, equals).trimEnd();
    const value = line.slice(equals + 1).trimStart();
    section.set(key, value === '' ? [] : [...(section.get(key) ?? []), value]);
  }
  return into;
}

/** Matches an odd number of backslashes at the end of a line. */
const GOES_ON = /(?<!\\)(?:\\\\)*\\$/;

/** Returns the lines without comments and continuations, trimmed. */
function* logicalLines(text: string): Generator<string> {
  let begun = '';
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*[#;]/.test(line)) continue;
    if (GOES_ON.test(line)) {
      begun += `${line.slice(0, -1)} `;
    } else {
      yield (begun + line).trim();
      begun = '';
    }
  }
  yield begun.trim();
}
