/** What the server is asked with: the token of the one who looks, where one is needed. */
const KEY = 'luminous-healing.token';

/** Takes a token that came behind the `#` of the address, and takes it out of the address. */
export function adoptToken(): void {
  const [, token] = /^#token=(.+)$/.exec(location.hash) ?? [];
  if (token === undefined) return;
  setToken(decodeURIComponent(token));
  history.replaceState(null, '', location.pathname + location.search);
}

/** Remembers a token until the tab is closed; it never goes into a cookie. */
export function setToken(token: string): void {
  sessionStorage.setItem(KEY, token);
}

/** Asks the server. */
export function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const token = sessionStorage.getItem(KEY);
  const headers = new Headers(init.headers);
  if (token !== null) headers.set('Authorization', `Bearer ${token}`);
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
