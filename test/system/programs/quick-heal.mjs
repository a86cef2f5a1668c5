// Runs inside a test host: heals once by `quickHeal`, and ends when nothing keeps the process alive.
import process from 'node:process';
import { quickHeal } from '../../../dist/index.js';

const results = await quickHeal(JSON.parse(process.argv[2]));
process.stdout.write(JSON.stringify({ results, doneAt: Date.now() }));
