import type { Banner, View } from '../../view/view.js';
import { el, type Child } from '../dom.js';
import { answerTo, button, heading, type Around } from './frame.js';
import { foldable } from './text.js';

const WORDS: Readonly<Record<Banner['kind'], string>> = {
  'dry-run': 'Dry run',
  paused: 'Paused',
  storm: 'Repairs on hold',
  locked: 'Observing only',
  'healing-disabled': 'Repairs are disabled',
  'not-looking': 'Not monitoring',
  'reading-lost': 'Cannot be read',
};

/** Identifies a banner from view to view: durations in its sentence grow. */
export const keyOf = ({ kind, reason, sentence }: Banner): string =>
  `${kind} ${reason ?? (kind === 'reading-lost' ? sentence.split(',', 1)[0] : '')}`;

/** Announcement of a new banner. */
export const spoken = ({ kind, sentence }: Banner): string => `${WORDS[kind]}. ${sentence}`;

/** States of the whole engine, and what became of a pause that was lifted on this page a moment ago. */
export const banners = ({ banners: all, controls }: View, { tell, answers }: Around): Child => {
  const said = answers('banners');
  const keys = new Set(all.map(keyOf));
  return [
    all.map((banner) =>
      el(
        'div',
        { key: keyOf(banner), class: 'banner', tabindex: -1, 'data-tone': banner.tone },
        el('strong', {}, WORDS[banner.kind]),
        el('div', { class: 'sentence' }, foldable(banner.sentence, `the banner ${WORDS[banner.kind]}`)),
        controls && banner.reason !== undefined && resume(banner.reason, keyOf(banner), tell),
        answerTo(said.get(keyOf(banner))),
      ),
    ),
    [...said].map(
      ([key, answer]) =>
        !keys.has(key) &&
        el('div', { key, class: 'banner', tabindex: -1, 'data-tone': 'ok' }, answerTo(answer)),
    ),
  ];
};

const resume = (reason: string, key: string, tell: Around['tell']): Child =>
  button('Resume', `Resume: lift the pause “${reason}”`, 'small', () =>
    tell({ name: 'resume', body: { reason }, done: 'Pause lifted.', place: `banners ${key}` }),
  );

/** The form that pauses all repairs. */
export const controls = ({ controls: allowed }: View, { tell, answers }: Around): Child =>
  allowed && [
    heading('controls', 'Pause repairs'),
    el(
      'form',
      {
        class: 'panel form',
        onsubmit: (event) => {
          event.preventDefault();
          const form = event.currentTarget as HTMLFormElement;
          const reason = String(new FormData(form).get('reason') ?? '').trim();
          const done = 'Paused: nothing is repaired until someone resumes.';
          if (reason !== '') tell({ name: 'pause', body: { reason }, done, place: 'controls pause' });
          form.reset();
        },
      },
      el('label', { for: 'reason' }, 'Reason'),
      el('input', { id: 'reason', name: 'reason', required: true, maxlength: 200, autocomplete: 'off' }),
      el('button', { type: 'submit' }, 'Pause repairs'),
      answerTo(answers('controls').get('pause')),
      el(
        'p',
        { class: 'muted small' },
        'Monitoring continues. The reason stays visible until someone resumes.',
      ),
    ),
  ];
