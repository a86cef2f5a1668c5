/** A line is told up to so many characters, … */
const LENGTH = 500;
/** … and of one step so many lines at most: a build may print millions. */
const LINES = 5_000;

/** Calls back with each whole line of a stream, and with what is left at its end. */
export function splitLines(stream: NodeJS.ReadableStream, onLine: (line: string) => void): void {
  let rest = '';
  stream.on('data', (chunk: Buffer | string) => {
    const lines = (rest + chunk.toString()).split(/\r\n|\r|\n/);
    rest = (lines.pop() ?? '').slice(0, LENGTH);
    lines.forEach(onLine);
  });
  stream.on('end', () => {
    if (rest !== '') onLine(rest);
    rest = '';
  });
  stream.on('error', () => undefined);
}

/** Passes lines on as a person may read them in a log: without control characters, not too long, not too many. */
export function toldLines(onLine: (line: string) => void): (line: string) => void {
  let told = 0;
  return (line) => {
    // eslint-disable-next-line no-control-regex -- These are what must not reach a terminal.
    const words = line.replace(/\u001b\[[0-9;?]*[A-Za-z]|[\u0000-\u001f\u007f-\u009f]/g, '').trim();
    if (words === '' || told > LINES) return;
    told += 1;
    onLine(told > LINES ? 'and more, which is not told' : words.slice(0, LENGTH));
  };
}
