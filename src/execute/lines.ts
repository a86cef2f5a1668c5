import { StringDecoder } from 'node:string_decoder';

/** Longest logged line, in characters. */
const MAX_LENGTH = 500;
/** Logged lines of one step at most: a build may print millions. */
const MAX_LINES = 5_000;

/** Calls `onLine` with each line of a stream. */
export function splitLines(stream: NodeJS.ReadableStream, onLine: (line: string) => void): void {
  // A chunk may end within a character.
  const decoder = new StringDecoder('utf8');
  let rest = '';
  stream.on('data', (chunk: Buffer | string) => {
    const lines = (rest + decoder.write(chunk)).split(/\r\n|\r|\n/);
    rest = (lines.pop() ?? '').slice(0, MAX_LENGTH);
    lines.forEach(onLine);
  });
  stream.on('end', () => {
    rest += decoder.end();
    if (rest !== '') onLine(rest);
  });
  stream.on('error', () => undefined);
}

/** Returns a function that passes lines on without control characters, within the limits of length and number. */
export function logLines(onLine: (line: string) => void): (line: string) => void {
  let logged = 0;
  return (line) => {
    // eslint-disable-next-line no-control-regex -- Control characters must not reach a terminal.
    const text = line.replace(/\u001b\[[0-9;?]*[A-Za-z]|[\u0000-\u001f\u007f-\u009f]/g, '').trim();
    if (text === '' || logged > MAX_LINES) return;
    logged += 1;
    onLine(logged > MAX_LINES ? `Output after ${MAX_LINES} lines is not logged` : text.slice(0, MAX_LENGTH));
  };
}
