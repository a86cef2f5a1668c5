import { printable } from '../../../base/printable.js';
import type { View } from '../view/view.js';
import { byId, el, put, render, type Child } from './dom.js';
import { isolated } from './sections/text.js';
import type { Link } from './stream.js';
import { ago, many, span } from './words.js';

const SIGNS = { ok: '✓', note: '!', bad: '✕', unknown: '?' } as const;
/** Without an event for this long, the page counts as out of date. The server sends one every 5 s. */
const STALE_MS = 12_000;

/** Shows the state in one sentence: on the page, in the title. */
export function showHeadline({ headline, host }: View, silentMs: number): void {
  const isOld = silentMs >= STALE_MS;
  const tone = isOld ? 'unknown' : headline.tone;
  // Without events the page cannot know whether all is still healthy.
  const prefix = isOld ? 'Status unknown. Last known: ' : '';
  render(byId('sentence'), prefix, sentenceOf(headline));
  put(byId('detail'), headline.detail);
  put(byId('host'), host);
  const place = byId('headline');
  place.dataset['tone'] = tone;
  const sign = place.querySelector('.sign');
  if (sign) put(sign, SIGNS[tone]);
  const title = printable(`${SIGNS[tone]} ${prefix}${headline.sentence} · ${host}`);
  if (document.title !== title) document.title = title;
}

/** `2 open issues: memory and nginx.`, with each name isolated from the direction of the others. */
function sentenceOf({ lead, names, more }: View['headline']): Child {
  const last = names.length - 1;
  return [
    lead,
    names.map((name, index) => [
      index === 0 ? ': ' : index === last && more === 0 ? ' and ' : ', ',
      isolated(name, 40),
    ]),
    more > 0 && ` and ${more} more`,
    names.length > 0 && '.',
  ];
}

/** State of the engine, in a line of small facts. */
export function facts({ engine, totals }: View, now: number): Child {
  const { monitoring, intervalMs, lastCheck, checks } = engine;
  const checked = lastCheck === null ? 'not checked yet' : `checked ${ago(now - lastCheck)}`;
  const every = monitoring && intervalMs !== null ? `every ${every_(intervalMs)}` : 'not monitoring';
  const repairs = totals.resolved + totals.failed;
  return [
    fact('Watching', many(checks, 'check')),
    fact('Engine', `${checked}, ${every}`),
    fact('Issues since start', byType(totals.byType)),
    fact('Successful repairs', repairs === 0 ? 'none needed yet' : `${totals.resolved} of ${repairs}`),
    fact('Times', 'UTC'),
  ];
}

/** Issues by category, always the three of them. */
const byType = (counts: View['totals']['byType']): string =>
  (['resource', 'service', 'system'] as const).map((type) => `${type} ${counts[type]}`).join(' · ');

const every_ = (ms: number): string => (ms < 1_000 ? `${Math.round(ms)} ms` : span(ms));

const fact = (word: string, value: string): Child =>
  el('span', { class: 'fact' }, el('span', { class: 'muted' }, word), ' ', value);

/** Without any event for this long after loading, the page says what failed. */
const FIRST_EVENT_MS = 5_000;

/** Says what failed when the page itself was loaded and nothing else. */
function showNothing(link: Link): void {
  put(byId('sentence'), 'No data from the engine.');
  const why =
    link.state === 'lost' ? sentence(link.why) : 'The connection is open, but no event has arrived.';
  const advice =
    'Behind a proxy, check that it passes api/events on without buffering or compression, and that publicUrl is the address you opened.';
  put(byId('detail'), `${why} ${advice}`);
}

/** Shows whether the page is up to date, with an alert when it is not. */
export function showLink(link: Link, view: View | undefined, silentMs: number): void {
  const isStale = link.state !== 'signed-out' && silentMs >= STALE_MS;
  if (view === undefined && link.state !== 'signed-out' && silentMs >= FIRST_EVENT_MS) showNothing(link);
  const stale = byId('stale');
  document.documentElement.toggleAttribute('data-stale', isStale);
  byId('link').dataset['state'] = isStale ? 'stale' : link.state;
  put(byId('link-text'), words(link, isStale, view !== undefined));
  const was = !stale.hidden;
  stale.hidden = !isStale;
  if (!isStale) return;
  const old = view === undefined ? '' : ' Everything on this page may be out of date.';
  // The alert is read out when it appears, and not again every second.
  const text = `No update for ${span(silentMs)}.${old}`;
  const why = link.state === 'lost' ? ` ${sentence(link.why)} Retrying.` : '';
  stale.setAttribute('aria-live', was ? 'off' : 'assertive');
  put(byId('stale'), text + why);
}

function words(link: Link, isStale: boolean, hasView: boolean): string {
  if (link.state === 'signed-out') return 'signed out';
  if (isStale) return 'no update';
  if (link.state === 'live' && hasView) return 'live';
  return link.state === 'lost' ? 'reconnecting' : 'connecting';
}

const sentence = (text: string): string =>
  `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/\.$/, '')}.`;
