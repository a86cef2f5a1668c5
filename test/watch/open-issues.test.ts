import { expect, it } from 'vitest';
import type { ComponentVerdict } from '../../src/model/issue.js';
import { DEFAULT_GUARDS } from '../../src/model/guards.js';
import { OpenIssues } from '../../src/watch/open-issues.js';

const bad = (component: string): ComponentVerdict => ({
  ...{ status: 'bad', reason: `${component} is down`, component, check: 'services', type: 'service' },
});
const ok = (component: string): ComponentVerdict => ({ ...bad(component), status: 'ok' });
const never = (): boolean => false;
const logs = (open: OpenIssues) => open.issues.map(({ component, log }) => [component, log]);

it('an open issue keeps its log even if another component is read while that log is read', () => {
  const open = new OpenIssues();
  const { opened } = open.watch([bad('a'), bad('b'), ok('c')], new Date(0), 0, undefined, never);
  open.watchOnly(new Set(['c']), [ok('c')], new Date(1), 1, DEFAULT_GUARDS.lasting, never);
  open.keep(opened[0]!, ['a says']);
  open.watch([bad('a'), bad('b'), bad('c')], new Date(2), 2, undefined, never);
  open.keep(opened[1]!, ['b says']);
  expect(logs(open)).toEqual([
    ['a', ['a says']],
    ['b', ['b says']],
    ['c', undefined],
  ]);
});

it('an open issue gets its log only if it is still the open one', () => {
  const open = new OpenIssues();
  const { opened } = open.watch([bad('a')], new Date(0), 0, undefined, never);
  open.clear('a');
  open.watch([bad('a')], new Date(0), 1, undefined, never);
  open.keep(opened[0]!, ['of the time before']);
  expect(logs(open)).toEqual([['a', undefined]]);
});
