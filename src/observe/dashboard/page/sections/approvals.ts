import type { ApprovalView, Banner, View } from '../../view/view.js';
import { el, prose, type Child } from '../dom.js';
import { ago, many, span } from '../words.js';
import { name } from './badge.js';
import { button, heading, type Around } from './frame.js';
import { plan } from './plan.js';

/** What waits for a person's word. */
export const approvals = ({ approvals: all, controls, banners }: View, around: Around): Child => {
  const held = banners.find(({ kind }) => kind === 'paused' || kind === 'healing-disabled');
  return (
    all.length > 0 && [
      heading('approvals', 'Waits for you', many(all.length, 'question')),
      all.map((one) => question(one, { controls, held: held?.kind }, around)),
    ]
  );
};

/** Why a request cannot be approved now. */
const HELD = {
  paused: 'Repairs are paused. Resume them to approve this.',
  'healing-disabled': 'Healing is switched off, so this cannot be approved.',
} as const;

const question = (
  asked: ApprovalView,
  { controls, held }: { readonly controls: boolean; readonly held: Banner['kind'] | undefined },
  { now, tell }: Around,
): Child =>
  el(
    'article',
    { key: asked.id, class: 'panel card', 'data-tone': 'note' },
    el('h3', {}, 'May ', el('code', {}, asked.action), ' be carried out for ', name(asked.component), '?'),
    el('p', {}, prose(asked.reason)),
    asked.plan === null
      ? el('p', { class: 'muted' }, 'Its steps are not known to this page.')
      : plan(asked.plan),
    el(
      'p',
      { class: 'muted small' },
      `Asked ${ago(now - asked.askedAt)}; counts as “no” in ${span(asked.lapsesAt - now)}. Its id is `,
      el('code', {}, asked.id),
      '.',
    ),
    asked.command !== null &&
      el('p', {}, 'To approve it, run this on the host: ', el('code', {}, asked.command)),
    controls ? answers(asked, held, tell) : asked.command === null && readOnly(asked),
  );

/** Buttons; what only a person on the host may approve can still be rejected here. */
const answers = (asked: ApprovalView, held: Banner['kind'] | undefined, tell: Around['tell']): Child =>
  el(
    'div',
    { class: 'buttons' },
    asked.command === null &&
      (held === 'paused' || held === 'healing-disabled'
        ? el('p', { class: 'remark' }, HELD[held])
        : button('Approve', `Approve ${asked.action} for ${asked.component}`, 'strong', () =>
            tell('approve', { id: asked.id }, `Approved: ${asked.action} for ${asked.component}.`),
          )),
    button('Reject', `Reject ${asked.action} for ${asked.component}`, '', () =>
      tell('reject', { id: asked.id }, `Rejected: ${asked.action} for ${asked.component}.`),
    ),
  );

const readOnly = (asked: ApprovalView): Child =>
  el(
    'p',
    { class: 'muted small' },
    'This page is read-only. The program answers with ',
    el('code', {}, `engine.approve('${asked.id}')`),
    ' or ',
    el('code', {}, `engine.reject('${asked.id}')`),
    '.',
  );
