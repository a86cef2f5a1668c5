import { printable } from '../../../../base/printable.js';
import type { IssueView, View } from '../../view/view.js';
import { el, prose, type Child, type Element_ } from '../dom.js';
import { ago, many, span } from '../words.js';
import { badge, gate, name, SEVERITIES } from './badge.js';
import { empty, heading, summary, type Around } from './frame.js';
import { pair } from './plan.js';
import { foldable } from './text.js';

/** Number of issues that are visible at first. */
const SEEN = 10;

/** Open issues: why nothing was done, and what happens next. */
export const issues = (view: View, { now }: Around): Child => {
  const { issues: all, moreIssues, issuesByType: count, approvals } = view;
  const asked = new Set(approvals.map(({ component }) => component));
  const cards = all.map((issue) => card(issue, now, asked.has(issue.component)));
  return [
    heading(
      'issues',
      'Open issues',
      all.length > 0 && `resource ${count.resource} · service ${count.service} · system ${count.system}`,
    ),
    all.length === 0 && empty('None.'),
    cards.slice(0, SEEN),
    cards.length > SEEN &&
      el(
        'details',
        { key: 'more', class: 'more' },
        el('summary', {}, `Show all ${cards.length + moreIssues} issues`),
        cards.slice(SEEN),
        moreIssues > 0 &&
          el(
            'p',
            { class: 'muted small' },
            `${many(moreIssues, 'less severe issue')} not shown here: `,
            el('code', {}, 'luminous-healing explain'),
          ),
      ),
  ];
};

const hidden = ({ component, hiddenLines }: IssueView): Child => [
  `${many(hiddenLines, 'log line')} not shown, because this dashboard has no token. To see them, run `,
  el('code', {}, `luminous-healing explain ${component}`),
  ' or start the dashboard with a ',
  el('code', {}, 'token'),
  '.',
];

const card = (issue: IssueView, now: number, isAsked: boolean): Element_ => {
  const about = `${issue.type} ${issue.component}`;
  // The request at the top of the page has its reason and what follows.
  const waits = isAsked && issue.blockedBy === 'needs-approval';
  return el(
    'article',
    { key: about, class: 'panel card', tabindex: -1, 'data-tone': issue.severity > 2 ? 'bad' : 'note' },
    el(
      'p',
      { class: 'over' },
      badge(issue.severity > 2 ? 'bad' : 'low', SEVERITIES[issue.severity]),
      name(issue.component),
      el('span', { class: 'muted' }, issue.type),
      el('span', { class: 'muted' }, `open for ${span(now - issue.openedAt)}`),
    ),
    el('h3', {}, foldable(issue.description, `the description of ${about}`)),
    issue.rootCauseUnknown &&
      el('p', { class: 'remark' }, 'Root cause unknown: repairs work, but the issue keeps coming back.'),
    el(
      'dl',
      { class: 'pairs' },
      issue.blockedBy !== null &&
        pair(
          'Why nothing was done',
          gate(issue.blockedBy),
          ' ',
          waits
            ? 'Awaiting your approval: see the request at the top of this page.'
            : foldable(issue.blockedBecause ?? '', `why nothing was done about ${about}`),
        ),
      !waits && el('div', { class: 'next' }, el('dt', {}, 'Next'), el('dd', {}, prose(issue.next))),
      issue.tried.length > 0 && tried(issue, now),
    ),
    issue.evidence.length > 0 && [
      el('h4', {}, 'Evidence'),
      el(
        'pre',
        { class: 'evidence', tabindex: 0, role: 'group', 'aria-label': `Evidence for ${about}` },
        // A line of a log may hold what would look like another line.
        issue.evidence.map(printable).join('\n'),
      ),
    ],
    issue.hiddenLines > 0 && el('p', { class: 'muted small' }, hidden(issue)),
    el(
      'details',
      {},
      summary('Copy as text', about),
      el('pre', { tabindex: 0, role: 'group', 'aria-label': `Explanation of ${about}` }, issue.text),
    ),
  );
};

const tried = (issue: IssueView, now: number): Child =>
  pair(
    'Tried',
    issue.tried
      .slice(-3)
      .reverse()
      .map(({ at, action, outcome, words }) =>
        el(
          'div',
          {},
          badge(outcome),
          ' ',
          el('code', {}, action),
          `, ${ago(now - at)}: `,
          el('span', { class: 'muted' }, prose(words)),
        ),
      ),
  );
