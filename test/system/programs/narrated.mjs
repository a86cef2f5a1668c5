// Monitors nginx like the README's second program, until one repair has ended.
import { createSelfHealingEngine } from '../../../dist/index.js';

const engine = createSelfHealingEngine({ services: ['nginx'], enabledChecks: ['services'], logger: console });
engine.on('heal:done', () => void engine.close());
await engine.startMonitoring(60);
