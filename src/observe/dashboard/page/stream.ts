import type { StreamEvents } from '../view/view.js';
import { ask, problemOf } from './api.js';

/** State of the connection to the engine. */
export type Link =
  { readonly state: 'waiting' | 'live' | 'signed-out' } | { readonly state: 'lost'; readonly why: string };

/** Receives events and states of the connection. */
export interface Listener {
  heard<Name extends keyof StreamEvents>(name: Name, data: StreamEvents[Name]): void;
  link(link: Link): void;
}

/** Without an event for this long the connection counts as dead. The server sends one every 5 s. */
const SILENCE_MS = 20_000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;

/**
 * Server-sent events over `fetch`, because an `EventSource` cannot send a token. Reconnects until the server
 * requires a token. Returns the function that connects at once.
 */
export function listen(listener: Listener): () => void {
  let wait = FIRST_WAIT_MS;
  let timer: number | undefined;
  let current: AbortController | undefined;

  const connect = async (): Promise<void> => {
    clearTimeout(timer);
    current?.abort();
    const mine = (current = new AbortController());
    let isLive = false;
    const heard: Listener['heard'] = (name, data) => {
      listener.heard(name, data);
      // An open connection is not enough: a proxy may hold back every event.
      if (name !== 'view' || isLive) return;
      isLive = true;
      wait = FIRST_WAIT_MS;
      listener.link({ state: 'live' });
    };
    let why = '';
    try {
      const response = await ask('api/events', { signal: mine.signal });
      if (response.status === 401) return listener.link({ state: 'signed-out' });
      if (response.ok && response.body) {
        listener.link({ state: 'waiting' });
        await read(response.body, mine, heard);
      } else why = await problemOf(response);
    } catch {
      why = mine.signal.aborted ? '' : 'cannot connect to the server';
    }
    if (mine !== current) return;
    if (why === '')
      why = isLive ? 'the connection was closed' : 'the connection was closed before any event arrived';
    listener.link({ state: 'lost', why });
    timer = setTimeout(() => void connect(), wait * (0.75 + Math.random() / 2));
    wait = Math.min(wait * 2, LONGEST_WAIT_MS);
  };

  addEventListener('online', () => void connect());
  void connect();
  return () => void connect();
}

async function read(
  body: ReadableStream<Uint8Array>,
  controller: AbortController,
  heard: Listener['heard'],
): Promise<void> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let text = '';
  for (;;) {
    const silence = setTimeout(() => controller.abort(), SILENCE_MS);
    const { done, value } = await reader.read().finally(() => clearTimeout(silence));
    if (done) return;
    text += decoder.decode(value, { stream: true });
    const events = text.split('\n\n');
    text = events.pop() ?? '';
    for (const event of events) take(event, heard);
  }
}

function take(event: string, heard: Listener['heard']): void {
  const name = /^event: (\w+)$/m.exec(event)?.[1] as keyof StreamEvents | undefined;
  const data = /^data: (.*)$/m.exec(event)?.[1];
  if (name !== undefined && data !== undefined) heard(name, JSON.parse(data) as never);
}
