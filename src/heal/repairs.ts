import { lazy } from '../lazy.js';

/** What repairs takes, loaded when there is something to repair. */
export const repairs = lazy(() => import('./repairing.js'));
