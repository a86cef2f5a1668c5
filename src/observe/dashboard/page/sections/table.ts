import { el, type Child, type Element_ } from '../dom.js';

/** Cells of a row, one for each column; the cell of the row's name is marked by {@link TableOptions.nameAt}. */
export interface Row {
  readonly key: string;
  readonly cells: readonly Child[];
}

/** A table. */
export interface TableOptions {
  readonly label: string;
  readonly columns: readonly string[];
  /** Index of the column that names the row. */
  readonly nameAt: number;
  /** Indexes of columns with numbers. */
  readonly figures?: readonly number[];
  readonly rows: readonly Row[];
}

/** A table that becomes a list of cards on a narrow page. The roles stay when the style takes the table apart. */
export const table = ({ label, columns, nameAt, figures = [], rows }: TableOptions): Element_ =>
  el(
    'div',
    { class: 'panel scroll', tabindex: 0, role: 'region', 'aria-label': label },
    el(
      'table',
      { role: 'table' },
      el(
        'thead',
        { role: 'rowgroup' },
        el(
          'tr',
          { role: 'row' },
          columns.map((word) => el('th', { role: 'columnheader', scope: 'col' }, word)),
        ),
      ),
      el(
        'tbody',
        { role: 'rowgroup' },
        rows.map(({ key, cells }) =>
          el(
            'tr',
            { key, role: 'row' },
            cells.map((cell, index) =>
              index === nameAt
                ? el('th', { role: 'rowheader', scope: 'row' }, cell)
                : el(
                    'td',
                    {
                      role: 'cell',
                      class: figures.includes(index) ? 'figure' : false,
                      'data-label': columns[index],
                    },
                    cell,
                  ),
            ),
          ),
        ),
      ),
    ),
  );
