import type { BreakerView, View } from '../../view/view.js';
import { el, type Child } from '../dom.js';
import { many, span } from '../words.js';
import { badge, name } from './badge.js';
import { answerTo, button, empty, heading, type Answer, type Around } from './frame.js';

/** Circuit breakers that are not closed, and components whose last repair failed. */
export const breakers = ({ breakers: all, controls }: View, around: Around): Child => {
  const answers = around.answers('breakers');
  const gone = [...answers].filter(([component]) => all.every((one) => one.component !== component));
  return [
    heading('breakers', 'Circuit breakers'),
    all.length === 0 && empty('All closed.'),
    all.length + gone.length > 0 &&
      el(
        'ul',
        { key: 'all', class: 'panel rows' },
        all.map((one) => row(one, controls, answers.get(one.component), around)),
        gone.map(([key, answer]) => el('li', { key, tabindex: -1 }, answerTo(answer))),
      ),
  ];
};

const row = (
  one: BreakerView,
  controls: boolean,
  answer: Answer | undefined,
  { now, tell }: Around,
): Child => {
  const said = [
    one.failures > 0 && `${many(one.failures, 'repair')} in a row failed`,
    one.breaker === 'open' && one.until !== null && `next attempt in ${span(one.until - now)}`,
    one.breaker === 'half-open' && 'one attempt allowed',
  ].filter((part) => part !== false);
  const { component } = one;
  return el(
    'li',
    { key: component, tabindex: -1 },
    badge(one.needsHuman ? 'needs attention' : one.breaker),
    one.needsHuman && el('code', { class: 'muted' }, 'needs-human'),
    name(component),
    el('span', { class: 'muted' }, said.join('; ')),
    controls &&
      button('Reset', `Reset failures and breaker of ${component}`, 'small', () =>
        tell({
          name: 'reset',
          body: { component },
          done: `${component} reset.`,
          place: `breakers ${component}`,
        }),
      ),
    answerTo(answer),
  );
};
