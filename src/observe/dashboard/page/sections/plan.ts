import type { PlanView } from '../../view/view.js';
import { el, prose, type Child } from '../dom.js';
import { many } from '../words.js';

const VERBS = { command: '$', write: 'write', call: 'call' } as const;

/** The steps of a plan. */
export const steps = ({ steps: all, moreSteps }: PlanView): Child => [
  el(
    'ol',
    { class: 'steps' },
    all.map(({ kind, text }) =>
      el('li', {}, el('span', { class: 'verb' }, VERBS[kind]), ' ', el('code', {}, text)),
    ),
  ),
  moreSteps > 0 && el('p', { class: 'remark' }, `${many(moreSteps, 'more step')} not shown.`),
];

/** Everything about a plan that a person needs for a decision. */
export const plan = (shown: PlanView): Child => [
  steps(shown),
  el(
    'dl',
    { class: 'pairs' },
    pair('Affects', el('bdi', {}, shown.targets.join(', ') || 'nothing')),
    shown.effects.map((line) => pair('Side effect', prose(line))),
    pair('Expected result', prose(shown.effect)),
    pair('Undo', shown.undo === null ? 'not possible automatically' : prose(shown.undo)),
    pair('Risk', shown.risk),
    shown.notes.map((note) => pair('Note', prose(note))),
  ),
];

/** A term and its description. */
export const pair = (term: string, ...description: Child[]): Child =>
  el('div', {}, el('dt', {}, term), el('dd', {}, description));
