// Runs inside a test host: sends the requests (in base64) on standard input to the socket of the root helper, at
// once or one after another, and prints each result as JSON: the answer, or the system error.
import { Buffer } from 'node:buffer';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

const {
  requests,
  atOnce = false,
  patient = false,
  path = '/run/luminous-healing.sock',
} = JSON.parse(await text(process.stdin));

const ask = (request) =>
  new Promise((resolve) => {
    const socket = connect({ path, allowHalfOpen: true });
    let said = '';
    const bytes = Buffer.from(request, 'base64');
    socket.on('connect', () => {
      socket.write(bytes);
      // Without a newline the helper would wait; with one, closing the connection would stop it.
      if (!bytes.includes(0x0a)) socket.end();
    });
    socket.on('data', (chunk) => (said += chunk));
    socket.on('end', () => resolve({ said })).on('error', ({ code }) => resolve({ code }));
    socket.on('close', () => resolve({ said }));
  }).then(async (told) => {
    if (!patient || told.code === undefined || told.code === 'EACCES') return told;
    await sleep(10);
    return ask(request);
  });

const told = [];
if (atOnce) told.push(...(await Promise.all(requests.map(ask))));
else for (const request of requests) told.push(await ask(request));
process.stdout.write(JSON.stringify(told), () => process.exit());
