/** Code that is only loaded on a host with generations. */
export { whyVolatile } from '../memory/volatile-store.js';
export { noteSystem } from '../memory/record-generation.js';
export { judgeGeneration } from './verdict.js';
