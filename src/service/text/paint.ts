import { styleText } from 'node:util';

/** Gives words a weight or a colour. */
export interface Paint {
  readonly strong: (text: string) => string;
  readonly faint: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly doubt: (text: string) => string;
}

const as = (style: Parameters<typeof styleText>[0]) => (text: string) => styleText(style, text);
const plain = (text: string): string => text;

/** Colours for a terminal. */
export const coloured: Paint = {
  strong: as('bold'),
  faint: as('gray'),
  good: as('green'),
  bad: as('red'),
  doubt: as('yellow'),
};

/** No colours: for files, pipes and people who set `NO_COLOR`. */
export const uncoloured: Paint = { strong: plain, faint: plain, good: plain, bad: plain, doubt: plain };
