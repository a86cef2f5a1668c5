import './style.css';
import type { StreamEvents, View } from '../view/view.js';
import { adoptToken, tell } from './api.js';
import { draw, keepOnly, redraw } from './charts.js';
import { Answers } from './answers.js';
import { newsOf } from './news.js';
import { byId, keepingFocus, put, render } from './dom.js';
import { Hour } from '../view/hour.js';
import { acts } from './sections/acts.js';
import { approvals } from './sections/approvals.js';
import { banners, controls } from './sections/banners.js';
import { breakers } from './sections/breakers.js';
import { askCapabilities, capabilities, type Told } from './sections/capabilities.js';
import type { Around } from './sections/frame.js';
import { held } from './sections/held.js';
import { issues } from './sections/issues.js';
import { charted, readings } from './sections/readings.js';
import { units } from './sections/units.js';
import { signIn } from './sign-in.js';
import { facts, showHeadline, showLink } from './status.js';
import { listen, type Link } from './stream.js';
import { themes } from './theme.js';

const hour = new Hour();
let view: View | undefined;
let link: Link = { state: 'waiting' };
let told: Told | undefined;
/** Time of the last event, by the page's own clock. */
let heardAt = performance.now();
/** The engine's time minus the page's. */
let ahead = 0;

const engineTime = (): number => performance.now() + ahead;

const answers = new Answers();

const around: Around = {
  get now() {
    return engineTime();
  },
  tell: ({ name, body, done, place }) => {
    answers.set(place, { text: 'Sending…', isProblem: false });
    show();
    void tell(name, body).then((problem) => {
      const text = problem ?? done;
      answers.set(place, { text, isProblem: problem !== undefined });
      put(byId('announce'), text);
      show();
    });
  },
  answers: (section) => answers.of(section),
};

function heard<Name extends keyof StreamEvents>(name: Name, data: StreamEvents[Name]): void {
  heardAt = performance.now();
  if (name === 'history') hour.begin(data as StreamEvents['history']);
  else {
    const { at } = data as StreamEvents['view'] | StreamEvents['beat'];
    ahead = at - heardAt;
  }
  if (name === 'view') {
    const next = data as View;
    if (next.engine.lastCheck !== null) hour.add(next.engine.lastCheck, next.readings);
    const news = newsOf(view, next);
    if (news !== '') put(byId('announce'), news);
    view = next;
  }
  show();
}

/** Puts everything on the page. Cheap when nothing has changed. */
function show(): void {
  keepingFocus(showAll);
}

function showAll(): void {
  showLink(link, view, performance.now() - heardAt);
  if (view === undefined) return;
  const shown = view;
  byId('board').hidden = false;
  showHeadline(shown, link.state === 'signed-out' ? 0 : performance.now() - heardAt);
  render(byId('facts'), facts(shown, engineTime()));
  render(byId('banners'), banners(shown, around));
  section('approvals', approvals(shown, around));
  section('issues', issues(shown, around));
  section('readings', readings(shown, hour, around));
  section('units', units(shown, around));
  section('acts', acts(shown, around));
  section('held', held(shown, around));
  section('breakers', breakers(shown, around));
  section('capabilities', capabilities(told));
  section('controls', controls(shown, around));
  drawCharts(shown);
}

function section(id: string, content: Parameters<typeof render>[1]): void {
  const place = byId(id);
  place.hidden = content === false;
  render(place, content);
}

function drawCharts(shown: View): void {
  const keys = new Set<string>();
  for (const { key, component } of charted(shown)) {
    const host = document.querySelector<HTMLElement>(`[data-chart="${CSS.escape(key)}"]`);
    const curve = hour.of(key);
    if (!host || !curve) continue;
    keys.add(key);
    const marks = shown.acts.filter((act) => act.component === component && act.outcome === 'fixed');
    draw(
      host,
      curve,
      marks.map(({ at }) => at / 1_000),
      engineTime(),
    );
  }
  keepOnly(keys);
}

adoptToken();
themes(byId('theme'), redraw);
const connect = listen({
  heard,
  link: (next) => {
    // With each new connection: another engine may answer.
    if (next.state === 'live' && link.state !== 'live')
      void askCapabilities().then((answer) => {
        told = answer;
        show();
      });
    // No connection was open while the page asked for its token.
    if (link.state === 'signed-out') heardAt = performance.now();
    link = next;
    signIn(next.state === 'signed-out', () => connect());
    show();
  },
});
addEventListener('resize', redraw);
addEventListener('hashchange', () => {
  adoptToken();
  connect();
});
// Ages grow without events, and missing events have to be shown.
setInterval(show, 1_000);
