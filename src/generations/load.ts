/** What the record of generations takes on a host that has generations. */
export { noteSystem } from '../memory/record-generation.js';
export { judgeGeneration } from './verdict.js';
