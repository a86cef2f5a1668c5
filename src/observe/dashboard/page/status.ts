import { printable } from '../../../base/printable.js';
import type { View } from '../view/view.js';
import { byId, el, put, type Child } from './dom.js';
import type { Link } from './stream.js';
import { ago, many, span } from './words.js';

const SIGNS = { ok: '✓', note: '!', bad: '✕', unknown: '?' } as const;
/** Without a word for so long, what is shown counts as old. The server speaks every 5 s. */
const STALE_MS = 12_000;

/** The state of everything in one sentence. */
export function showHeadline({ headline, host, issues }: View, silentMs: number): void {
  const isOld = silentMs >= STALE_MS;
  const tone = isOld ? 'unknown' : headline.tone;
  const { detail } = headline;
  // It claims no more than is known: a page that hears nothing cannot say that all is well.
  const sentence = isOld ? `Not known any more. The last word was: ${headline.sentence}` : headline.sentence;
  put(byId('sentence'), sentence);
  put(byId('detail'), detail);
  put(byId('host'), host);
  const place = byId('headline');
  place.dataset['tone'] = tone;
  const sign = place.querySelector('.sign');
  if (sign) sign.textContent = SIGNS[tone];
  const count = issues.length === 0 ? '' : ` ${issues.length}`;
  document.title = printable(`${SIGNS[tone]}${count} ${sentence} · ${host}`);
}

/** How the engine works, in a line of small facts. */
export function facts({ engine, readings, units, moreUnits, totals }: View, now: number): Child {
  const { monitoring, intervalMs, lastCheck } = engine;
  const looked = lastCheck === null ? 'has not looked yet' : `looked ${ago(now - lastCheck)}`;
  const every = monitoring && intervalMs !== null ? `looks every ${every_(intervalMs)}` : 'is not monitoring';
  const things = many(readings.length + units.length + moreUnits, 'thing');
  const repairs = totals.resolved + totals.failed;
  return [
    fact('Engine', `${looked}, ${every}`),
    fact('Watches', things),
    fact('Issues so far', byType(totals.byType)),
    fact('Repairs', repairs === 0 ? 'none needed yet' : `${totals.resolved} of ${repairs} helped`),
  ];
}

/** Issues by category, always the three of them. */
const byType = (counts: View['totals']['byType']): string =>
  (['resource', 'service', 'system'] as const).map((type) => `${counts[type]} ${type}`).join(' · ');

const every_ = (ms: number): string => (ms < 1_000 ? `${Math.round(ms)} ms` : span(ms));

const fact = (word: string, value: string): Child =>
  el('span', { class: 'fact' }, el('span', { class: 'muted' }, word), ' ', value);

/** Without any word for this long, the page says what has failed and what to look at. */
const FIRST_WORD_MS = 5_000;

/** Says what has failed where the page itself came and nothing else did. */
function showNothing(link: Link): void {
  put(byId('sentence'), 'Nothing has come from the engine.');
  const why =
    link.state === 'lost' ? sentence(link.why) : 'The connection is open, and no event has come through it.';
  const advice =
    'Behind a proxy, check that it passes api/events on without buffering and compression, and that publicUrl is the address that you have opened.';
  put(byId('detail'), `${why} ${advice}`);
}

/** Whether what is shown is what is. Says so loudly when it is not. */
export function showLink(link: Link, view: View | undefined, silentMs: number): void {
  const isStale = link.state !== 'signed-out' && silentMs >= STALE_MS;
  if (view === undefined && link.state !== 'signed-out' && silentMs >= FIRST_WORD_MS) showNothing(link);
  const stale = byId('stale');
  document.documentElement.toggleAttribute('data-stale', isStale);
  byId('link').dataset['state'] = isStale ? 'stale' : link.state;
  put(byId('link-text'), words(link, isStale, view !== undefined));
  const was = !stale.hidden;
  stale.hidden = !isStale;
  if (!isStale) return;
  const old = view === undefined ? 'Nothing is known yet.' : 'What is below may have changed.';
  // The alert is spoken when it appears, and not again with every second.
  const text = `No word from the engine for ${span(silentMs)}. ${old}`;
  const why = link.state === 'lost' ? ` ${sentence(link.why)} Trying again.` : '';
  stale.setAttribute('aria-live', was ? 'off' : 'assertive');
  put(byId('stale'), text + why);
}

function words(link: Link, isStale: boolean, hasView: boolean): string {
  if (link.state === 'signed-out') return 'signed out';
  if (isStale) return 'no word from the engine';
  if (link.state === 'live' && hasView) return 'live';
  return link.state === 'lost' ? 'reconnecting' : 'connecting';
}

const sentence = (text: string): string =>
  `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/\.$/, '')}.`;
