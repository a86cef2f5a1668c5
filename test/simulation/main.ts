import { timeline } from './timeline.js';
import { simulateWeek } from './week.js';

console.log(timeline(await simulateWeek()));
