import type { Logger } from '../base/logger.js';

/** One line that was logged. */
export interface LogLine {
  readonly level: keyof Logger;
  readonly message: string;
}

/** Logger that records its messages. */
export interface RecordingLogger extends Logger {
  /** Every line, in order. */
  readonly lines: readonly LogLine[];
  /** The lines of one level. */
  of(level: keyof Logger): string[];
}

/** Creates a logger that records its messages. */
export function recordingLogger(): RecordingLogger {
  const lines: LogLine[] = [];
  const keep = (level: keyof Logger) => (message: string) => void lines.push({ level, message });
  return {
    lines,
    of: (level) => lines.filter((line) => line.level === level).map(({ message }) => message),
    debug: keep('debug'),
    info: keep('info'),
    warn: keep('warn'),
    error: keep('error'),
  };
}
