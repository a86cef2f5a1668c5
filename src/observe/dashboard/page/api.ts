/** Where the token is kept: by path, so that two dashboards of one origin do not send each other's. */
const KEY = `luminous-healing.token ${location.pathname}`;

/** The token of this page. The tab keeps it, too, where the browser lets pages keep anything. */
let token: string | undefined;
let problem: string | undefined;

try {
  token = sessionStorage.getItem(KEY) ?? undefined;
} catch {
  // Storage is disabled: the token lasts until the page is reloaded.
}

/** Takes the token from behind the `#` of the address, and removes it there. */
export function adoptToken(): void {
  const [, given] = /^#token=(.+)$/.exec(location.hash) ?? [];
  if (given === undefined) return;
  problem = setToken(decoded(given));
  history.replaceState(null, '', location.pathname + location.search);
}

/** Returns what is wrong with the token in the address; `undefined` when it is valid or absent. */
export const problemOfAddress = (): string | undefined =>
  problem === undefined ? undefined : `The token in the address is invalid. ${problem}`;

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * Remembers a token until the tab is closed; it never goes into a cookie. Returns what is wrong with one that cannot be
 * a token: it is not kept, since no header could hold it.
 */
export function setToken(given: string): string | undefined {
  const isToken = /^[!-~]{16,256}$/.test(given);
  token = isToken ? given : undefined;
  try {
    if (isToken) sessionStorage.setItem(KEY, given);
    else sessionStorage.removeItem(KEY);
  } catch {
    // As above.
  }
  return isToken
    ? undefined
    : 'A token has 16 to 256 visible ASCII characters, without spaces and typographic quotes.';
}

/** Sends a request to the server. */
export function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  // `Authorization` may belong to a proxy, which asks for a name and a password.
  if (token !== undefined) headers.set('X-Luminous-Token', token);
  return fetch(path, { ...init, headers, cache: 'no-store', credentials: 'same-origin', redirect: 'error' });
}

/** Sends a command. Resolves with what went wrong, or with `undefined`. */
export async function tell(
  what: string,
  body: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  try {
    const response = await ask(`api/${what}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
    return response.ok ? await shortfallOf(response) : await problemOf(response);
  } catch {
    return 'The server did not answer. Try again when the page is live.';
  }
}

/** Returns why an accepted command had no effect: the approved repair was blocked, or failed. */
async function shortfallOf(response: Response): Promise<string | undefined> {
  const { outcome, error } = (await response.json()) as { outcome?: unknown; error?: unknown };
  return typeof error === 'string'
    ? `Approved; ${outcome === 'skipped' ? 'blocked' : String(outcome)}: ${error}`
    : undefined;
}

/** Returns the sentence with which the server refused. */
export async function problemOf(response: Response): Promise<string> {
  try {
    const { error } = (await response.json()) as { error?: unknown };
    if (typeof error === 'string') return error;
  } catch {
    // A proxy answered.
  }
  return `The server answered with status ${response.status}.`;
}
