/** Where the token is kept: by path, so that two dashboards of one origin do not send each other's. */
const KEY = `luminous-healing.token ${location.pathname}`;

/** Takes a token that came behind the `#` of the address, and takes it out of the address. */
export function adoptToken(): void {
  const [, token] = /^#token=(.+)$/.exec(location.hash) ?? [];
  if (token === undefined) return;
  setToken(decoded(token));
  history.replaceState(null, '', location.pathname + location.search);
}

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
export function setToken(token: string): string | undefined {
  if (!/^[!-~]{16,256}$/.test(token)) {
    sessionStorage.removeItem(KEY);
    return 'A token is 16 to 256 letters, digits and signs of ASCII, without spaces and typographic quotes.';
  }
  sessionStorage.setItem(KEY, token);
  return undefined;
}

/** Asks the server. */
export function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const token = sessionStorage.getItem(KEY);
  const headers = new Headers(init.headers);
  // `Authorization` may belong to a proxy, which asks for a name and a password.
  if (token !== null) headers.set('X-Luminous-Token', token);
  return fetch(path, { ...init, headers, cache: 'no-store', credentials: 'same-origin', redirect: 'error' });
}

/** Tells the engine to do something. Resolves with what is wrong, or with `undefined`. */
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
    return response.ok ? undefined : await problemOf(response);
  } catch {
    return 'The engine does not answer; try again when the page is live.';
  }
}

/** The sentence with which the server refused. */
export async function problemOf(response: Response): Promise<string> {
  try {
    const { error } = (await response.json()) as { error?: unknown };
    if (typeof error === 'string') return error;
  } catch {
    // It was not our server that answered.
  }
  return `The server answered with ${response.status}.`;
}
