import type { PlanView } from '../../view/view.js';
import { el, type Child } from '../dom.js';

const VERBS = { command: '$', write: 'write', call: 'call' } as const;

/** The steps of a plan, as they are or were carried out. */
export const steps = ({ steps: all }: PlanView): Child =>
  el(
    'ol',
    { class: 'steps' },
    all.map(({ kind, text }) =>
      el('li', {}, el('span', { class: 'verb' }, VERBS[kind]), ' ', el('code', {}, text)),
    ),
  );

/** Everything about a plan that matters to whoever has to decide. */
export const plan = (shown: PlanView): Child => [
  steps(shown),
  el(
    'dl',
    { class: 'pairs' },
    pair('Acts on', shown.targets.join(', ') || 'nothing'),
    shown.effects.map((line) => pair('Effects', line)),
    pair('Afterwards', shown.effect),
    pair('Taken back', shown.undo ?? 'cannot be taken back by the engine'),
    pair('Risk', shown.risk),
    shown.notes.map((note) => pair('Note', note)),
  ),
];

/** A word and what it stands for. */
export const pair = (word: string, ...meaning: Child[]): Child =>
  el('div', {}, el('dt', {}, word), el('dd', {}, meaning));
