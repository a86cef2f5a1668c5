import { lazy } from '../base/lazy.js';

/** Loads execa. Its modules are some 45 files that are open at once. */
export const loadExeca = lazy(async () => (await import('execa')).execa, 64);
