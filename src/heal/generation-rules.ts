/** What the record of generations takes on a host that has generations. */
export { noteSystem } from '../guard/note-system.js';
export { judgeGeneration } from './generation-verdict.js';
