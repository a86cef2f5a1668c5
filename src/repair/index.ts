/** What an engine needs once something is wrong: to heal, to see to what was interrupted, and to take back. */
export { healAll } from './batch.js';
export { settleInterrupted } from './settle-interrupted.js';
export { takeBack } from './undo.js';
