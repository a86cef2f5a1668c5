import { describe, it } from 'vitest';
import { realClock } from '../../src/base/clock.js';
import { silentLogger } from '../../src/base/logger.js';
import { clockConformance, loggerConformance } from '../../src/testing/index.js';

describe('the system clock', () => {
  it.each(clockConformance(() => realClock))('$name', ({ run }) => run());
});

describe('the silent logger', () => {
  it.each(loggerConformance(() => silentLogger))('$name', ({ run }) => run());
});

describe('the console as a logger', () => {
  const quiet = Object.assign(Object.create(console) as Console, {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: () => undefined,
  });
  it.each(loggerConformance(() => quiet))('$name', ({ run }) => run());
});
