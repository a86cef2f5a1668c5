import { problemOfAddress, setToken } from './api.js';
import { byId, el, prose, render } from './dom.js';

let tried = false;

/** Shows or hides the form that asks for the token. */
export function signIn(needed: boolean, done: () => void): void {
  const place = byId('sign-in');
  if (place.hidden === !needed) {
    if (needed) show(done, tried ? 'Incorrect token.' : problemOfAddress());
    return;
  }
  place.hidden = !needed;
  if (!needed) {
    tried = false;
    return;
  }
  byId('board').hidden = true;
  byId('sentence').textContent = 'Sign in to see this host.';
  byId('detail').textContent = '';
  show(done, problemOfAddress());
  place.querySelector('input')?.focus();
}

function show(done: () => void, wrong: string | undefined): void {
  render(
    byId('sign-in'),
    el('h2', { id: 'sign-in-title' }, 'Sign in'),
    el(
      'p',
      { class: 'muted' },
      prose(
        'The `token` that the dashboard was started with. `luminous-healing dashboard` prints a link with it. It is kept until this tab is closed.',
      ),
    ),
    wrong !== undefined && el('p', { role: 'alert', class: 'wrong' }, wrong),
    el(
      'form',
      {
        class: 'form',
        onsubmit: (event) => {
          event.preventDefault();
          const given = new FormData(event.currentTarget as HTMLFormElement).get('token');
          const problem = setToken(String(given ?? '').trim());
          if (problem !== undefined) return show(done, problem);
          tried = true;
          done();
        },
      },
      el('label', { for: 'token' }, 'Token'),
      el('input', { id: 'token', name: 'token', type: 'password', required: true, autocomplete: 'off' }),
      el('button', { type: 'submit', class: 'strong' }, 'Sign in'),
    ),
  );
}
