import type { ApprovalView, Banner, View } from '../../view/view.js';
import { el, type Child } from '../dom.js';
import { ago, many, span } from '../words.js';
import { name } from './badge.js';
import { answerTo, button, heading, type Answer, type Around } from './frame.js';
import { plan } from './plan.js';
import { foldable } from './text.js';

const SECTION = 'approvals';

/** Requests for approval, and what became of those that were answered on this page a moment ago. */
export const approvals = ({ approvals: all, controls, banners }: View, around: Around): Child => {
  const held = banners.find(({ kind }) => kind === 'paused' || kind === 'healing-disabled');
  const answers = around.answers(SECTION);
  const gone = [...answers].filter(([id]) => all.every((one) => one.id !== id));
  return (
    all.length + gone.length > 0 && [
      heading('approvals', 'Awaiting your approval', all.length > 0 && many(all.length, 'request')),
      all.map((one) => request(one, { controls, held: held?.kind, answer: answers.get(one.id) }, around)),
      gone.map(([id, answer]) =>
        el('article', { key: id, class: 'panel card', tabindex: -1, 'data-tone': 'ok' }, answerTo(answer)),
      ),
    ]
  );
};

/** Why a request cannot be approved now. */
const HELD = {
  paused: 'Repairs are paused. Resume them to approve this.',
  'healing-disabled': 'Repairs are disabled, so this cannot be approved.',
} as const;

interface State {
  readonly controls: boolean;
  readonly held: Banner['kind'] | undefined;
  readonly answer: Answer | undefined;
}

const request = (asked: ApprovalView, { controls, held, answer }: State, { now, tell }: Around): Child =>
  el(
    'article',
    { key: asked.id, class: 'panel card', tabindex: -1, 'data-tone': 'note' },
    el('h3', {}, 'Run ', el('code', {}, asked.action), ' on ', name(asked.component), '?'),
    el('div', { class: 'reason' }, foldable(asked.reason, `the reason for ${asked.id}`)),
    asked.plan === null ? el('p', { class: 'muted' }, 'The steps are not available.') : plan(asked.plan),
    el(
      'p',
      { class: 'muted small' },
      `Requested ${ago(now - asked.askedAt)}; expires (as a rejection) in ${span(asked.lapsesAt - now)}. ID: `,
      el('code', {}, asked.id),
    ),
    asked.command !== null &&
      el('p', {}, 'To approve it, run this on the host: ', el('code', {}, asked.command)),
    controls ? buttons(asked, held, tell) : asked.command === null && readOnly(asked),
    answerTo(answer),
  );

/** Buttons. A request that has to be approved on the host can still be rejected here. */
const buttons = (asked: ApprovalView, held: Banner['kind'] | undefined, tell: Around['tell']): Child => {
  const about = `${asked.action} for ${asked.component}`;
  const send = (command: string, done: string): void =>
    tell({ name: command, body: { id: asked.id }, done, place: `${SECTION} ${asked.id}` });
  return el(
    'div',
    { class: 'buttons' },
    asked.command === null &&
      (held === 'paused' || held === 'healing-disabled'
        ? el('p', { class: 'remark' }, HELD[held])
        : button('Approve', `Approve ${about} (${asked.id})`, 'strong', () =>
            send('approve', `Approved: ${about}.`),
          )),
    button('Reject', `Reject ${about} (${asked.id})`, '', () => send('reject', `Rejected: ${about}.`)),
  );
};

const readOnly = (asked: ApprovalView): Child =>
  el(
    'p',
    { class: 'muted small' },
    'This page is read-only. Answer from the program with ',
    el('code', {}, `engine.approve('${asked.id}')`),
    ' or ',
    el('code', {}, `engine.reject('${asked.id}')`),
    '.',
  );
