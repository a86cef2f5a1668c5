import type { BreakerView, View } from '../../view/view.js';
import { el, type Child } from '../dom.js';
import { many, span } from '../words.js';
import { badge, name } from './badge.js';
import { button, empty, heading, type Around } from './frame.js';

/** Where repairs did not help, and how long they are therefore left alone. */
export const breakers = ({ breakers: all, controls }: View, around: Around): Child => [
  heading('breakers', 'Breakers'),
  all.length === 0 && empty('All are closed: nothing is held back.'),
  all.length > 0 &&
    el(
      'ul',
      { class: 'panel rows' },
      all.map((one) => row(one, controls, around)),
    ),
];

const row = (one: BreakerView, controls: boolean, { now, tell }: Around): Child =>
  el(
    'li',
    { key: one.component },
    badge(one.needsHuman ? 'needs a human' : one.breaker),
    name(one.component),
    el(
      'span',
      { class: 'muted' },
      one.failures > 0 ? `${many(one.failures, 'repair')} in a row did not help` : '',
      one.breaker === 'open' && one.until !== null && `; one try in ${span(one.until - now)}`,
      one.breaker === 'half-open' && '; one try is allowed',
    ),
    controls &&
      button('Reset', `Reset ${one.component}: a person has seen to it`, 'small', () =>
        tell('reset', { component: one.component }, `Reset: ${one.component} begins anew.`),
      ),
  );
