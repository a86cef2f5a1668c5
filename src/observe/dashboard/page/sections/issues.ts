import type { IssueView, View } from '../../view/view.js';
import { el, prose, type Child } from '../dom.js';
import { ago, many, span } from '../words.js';
import { badge, gate, name, SEVERITIES } from './badge.js';
import { empty, heading, type Around } from './frame.js';

/** What is wrong, and why it is as it is. */
export const issues = ({ issues: all, moreIssues }: View, { now }: Around): Child => [
  heading('issues', 'Open issues', all.length > 0 && many(all.length + moreIssues, 'issue')),
  all.length === 0 && empty('Nothing is wrong.'),
  all.map((issue) => card(issue, now)),
  moreIssues > 0 && el('p', { class: 'muted small' }, `And ${moreIssues} more, none of them worse.`),
];

const hidden = ({ component, hiddenLines }: IssueView): Child => [
  `${many(hiddenLines, 'log line')} not shown, because this dashboard has no token. To see them: `,
  el('code', {}, `luminous-healing explain ${component}`),
  ', or start the dashboard with a ',
  el('code', {}, 'token'),
  '.',
];

const card = (issue: IssueView, now: number): Child =>
  el(
    'article',
    {
      key: `${issue.type} ${issue.component}`,
      class: 'panel card',
      'data-tone': issue.severity > 2 ? 'bad' : 'note',
    },
    el(
      'p',
      { class: 'over' },
      badge(issue.severity > 2 ? 'bad' : 'low', SEVERITIES[issue.severity]),
      name(issue.component),
      el('span', { class: 'muted' }, issue.type),
      el('span', { class: 'muted' }, `open for ${span(now - issue.openedAt)}`),
    ),
    el('h3', {}, issue.description),
    issue.rootCauseUnknown &&
      el('p', { class: 'remark' }, 'Root cause unknown: repairs work, and each time it comes back.'),
    el(
      'dl',
      { class: 'pairs' },
      issue.blockedBy !== null && [
        el(
          'div',
          {},
          el('dt', {}, 'Not acted on'),
          el('dd', {}, gate(issue.blockedBy), ' ', prose(issue.blockedBecause ?? '')),
        ),
      ],
      el('div', { class: 'next' }, el('dt', {}, 'Next'), el('dd', {}, prose(issue.next))),
      issue.tried.length > 0 &&
        el(
          'div',
          {},
          el('dt', {}, 'Tried'),
          issue.tried
            .slice(-3)
            .reverse()
            .map(({ at, action, outcome, words }) =>
              el(
                'dd',
                {},
                badge(outcome),
                ' ',
                el('code', {}, action),
                `, ${ago(now - at)}: `,
                el('span', { class: 'muted' }, prose(words)),
              ),
            ),
        ),
    ),
    issue.evidence.length > 0 && [
      el('h4', {}, 'Evidence'),
      el(
        'pre',
        { class: 'evidence', tabindex: 0, 'aria-label': `Evidence for ${issue.component}` },
        issue.evidence.join('\n'),
      ),
    ],
    issue.hiddenLines > 0 && el('p', { class: 'muted small' }, hidden(issue)),
    el(
      'details',
      {},
      el('summary', {}, 'As plain text, to pass on'),
      el('pre', { tabindex: 0, 'aria-label': `Explanation of ${issue.component}` }, issue.text),
    ),
  );
