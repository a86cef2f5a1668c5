export { askByName } from './ask-by-name.js';
export { repairRound } from './batch.js';
export { laterResult } from './result.js';
export { settleInterrupted } from './settle-interrupted.js';
export { undoAll } from './undo.js';
