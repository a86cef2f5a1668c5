import type { CapabilityView } from '../../view/view.js';
import { ask, problemOf } from '../api.js';
import { el, prose, type Child } from '../dom.js';
import { badge, name } from './badge.js';
import { heading } from './frame.js';

/** The actions, or why there is no answer. */
export type Told = readonly CapabilityView[] | string;

/** Requests which actions are available on this host. */
export async function askCapabilities(): Promise<Told> {
  try {
    const response = await ask('api/capabilities');
    return response.ok ? ((await response.json()) as readonly CapabilityView[]) : await problemOf(response);
  } catch {
    return 'The server did not answer.';
  }
}

/** The actions with their availability, folded away: it seldom changes. */
export const capabilities = (told: Told | undefined): Child =>
  told !== undefined && [
    heading('capabilities', 'Actions on this host', aside(told)),
    typeof told === 'string'
      ? el('p', { class: 'empty' }, told)
      : el(
          'details',
          { key: 'all' },
          el('summary', {}, 'Show all actions'),
          el('ul', { class: 'panel rows' }, told.map(row)),
        ),
  ];

function aside(told: Told): Child {
  if (typeof told === 'string') return 'unknown';
  return `${told.filter(({ status }) => status === 'available').length} of ${told.length} available`;
}

const row = ({ action, status, reason }: CapabilityView): Child =>
  el('li', { key: action }, badge(status), name(action), el('span', { class: 'muted' }, prose(reason)));
