import type { Logger } from '../base/logger.js';
import { conformance, insist, mustNotFail, type Make } from './conformance.js';

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;

/** Returns tests for a `Logger`. */
export function loggerConformance(make: Make<Logger>) {
  return conformance(make, {
    'there is a method for each level'(logger) {
      for (const level of LEVELS)
        insist(typeof logger[level] === 'function', `There is no method \`${level}\``);
    },
    async 'it accepts any string and never throws'(logger) {
      for (const level of LEVELS) {
        for (const message of [
          'a line',
          '',
          'two\nlines',
          '100 %s %d %o',
          '\u0000\ud800 ☃',
          'x'.repeat(100_000),
        ]) {
          await mustNotFail(`\`${level}\``, () => logger[level](message));
        }
      }
    },
  });
}
