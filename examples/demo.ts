import { main } from './demo/demo.js';

export { main };

if (process.argv[1] === import.meta.filename) {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
  await main({ signal: stop.signal });
}
