import type { Banner, View } from '../../view/view.js';
import { el, type Child } from '../dom.js';
import { button, heading, type Around } from './frame.js';

const WORDS: Readonly<Record<Banner['kind'], string>> = {
  'dry-run': 'Dry run',
  paused: 'Paused',
  storm: 'Storm',
  locked: 'Looking on',
  'healing-disabled': 'Healing is off',
  'not-looking': 'Not looking',
  'reading-lost': 'Cannot be read',
};

/** States of the whole engine. */
export const banners = ({ banners: all, controls }: View, { tell }: Around): Child =>
  all.map(({ kind, tone, sentence, reason }) =>
    el(
      'div',
      {
        key: `${kind} ${reason ?? (kind === 'reading-lost' ? sentence.split(',', 1)[0] : '')}`,
        class: 'banner',
        'data-tone': tone,
      },
      el('strong', {}, WORDS[kind]),
      el('span', {}, sentence),
      controls &&
        reason !== undefined &&
        button('Resume', `Resume what was paused for: ${reason}`, 'small', () =>
          tell('resume', { reason }, 'Resumed.'),
        ),
    ),
  );

/** Where a person says: do nothing for now. */
export const controls = ({ controls: allowed }: View, { tell }: Around): Child =>
  allowed && [
    heading('controls', 'Hold everything'),
    el(
      'form',
      {
        class: 'panel form',
        onsubmit: (event) => {
          event.preventDefault();
          const form = event.currentTarget as HTMLFormElement;
          const reason = String(new FormData(form).get('reason') ?? '').trim();
          if (reason !== '') tell('pause', { reason }, 'Paused: nothing is repaired until it is resumed.');
          form.reset();
        },
      },
      el('label', { for: 'reason' }, 'Pause all repairs. Why?'),
      el('input', { id: 'reason', name: 'reason', required: true, maxlength: 200, autocomplete: 'off' }),
      el('button', { type: 'submit' }, 'Pause'),
      el('p', { class: 'muted small' }, 'Looking goes on. The reason is shown until somebody takes it back.'),
    ),
  ];
