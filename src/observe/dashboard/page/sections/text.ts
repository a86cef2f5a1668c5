import { shortName } from '../../view/bounds.js';
import { el, prose, type Child } from '../dom.js';

/** Characters of a text that are visible at first. */
const SEEN = 240;

/** A name, isolated from the direction of the text around it. A long one is shortened; its tooltip has it whole. */
export const isolated = (text: string, limit = 60): Child => {
  const short = shortName(text, limit);
  return el('bdi', short === text ? {} : { title: text }, short);
};

/** A text of which the beginning is visible; the rest follows under "Show all". `about` names it for screen readers. */
export const foldable = (text: string, about: string): Child =>
  text.length <= SEEN
    ? el('bdi', {}, prose(text))
    : [
        el('bdi', {}, prose(`${text.slice(0, SEEN).replace(/[\uD800-\uDBFF]$/, '')}…`)),
        el(
          'details',
          { class: 'whole' },
          el('summary', {}, 'Show all', el('span', { class: 'unseen' }, ` of ${about}`)),
          el('p', {}, el('bdi', {}, prose(text))),
        ),
      ];
