import { describe, expect, it } from 'vitest';
import type { ComponentVerdict } from '../../src/model/issue.js';
import { proofOf, type Proof } from '../../src/repair/proof.js';
import { verdictOf } from '../make.js';

const by = (check: string, status: ComponentVerdict['status'], more: Partial<ComponentVerdict> = {}) =>
  verdictOf({ check, status, component: 'nginx', reason: `${check} is ${status}`, ...more });
const OPENED = { component: 'nginx', check: 'http' };
const BY_HAND = { component: 'nginx' };

describe('the proof of a repair by the check of its issue', () => {
  it.each<[string, Parameters<typeof proofOf>[0], ComponentVerdict[], ComponentVerdict[], Proof['status']]>([
    ['is ok when the opening check reads ok', OPENED, [by('http', 'bad')], [by('http', 'ok')], 'ok'],
    ['is bad while the opening check reads bad', OPENED, [by('http', 'bad')], [by('http', 'bad')], 'bad'],
    [
      'is unknown when the opening check is unknown',
      OPENED,
      [by('http', 'bad')],
      [by('http', 'unknown')],
      'unknown',
    ],
    [
      'is unknown when the opening check returns no verdict',
      OPENED,
      [by('http', 'bad')],
      [by('services', 'ok')],
      'unknown',
    ],
    [
      'is unknown when the opening check returns no verdict, now and just before',
      OPENED,
      [],
      [by('services', 'ok')],
      'unknown',
    ],
    ['is unknown when no check answers', OPENED, [by('http', 'bad')], [], 'unknown'],
    [
      'is bad when another check of the component reads bad',
      OPENED,
      [by('http', 'bad')],
      [by('http', 'ok'), by('services', 'bad')],
      'bad',
    ],
    [
      'is unknown when another check that read bad before is unknown now',
      OPENED,
      [by('http', 'bad'), by('services', 'bad')],
      [by('http', 'ok'), by('services', 'unknown')],
      'unknown',
    ],
    [
      'is ok when a check that did not read bad before is unknown',
      OPENED,
      [by('http', 'bad'), by('tls', 'unknown')],
      [by('http', 'ok'), by('tls', 'unknown')],
      'ok',
    ],
    [
      'is bad while the value is not below its clearing level, because fixed implies cleared',
      OPENED,
      [by('http', 'bad')],
      [by('http', 'ok', { value: 83, clearsAt: 80 })],
      'bad',
    ],
    [
      'is unknown while the component is in transition',
      OPENED,
      [by('http', 'bad')],
      [by('http', 'ok'), by('services', 'ok', { transient: true })],
      'unknown',
    ],
    ['is unchecked for a manually created issue without a check', BY_HAND, [], [], 'unchecked'],
    ['is ok for a manually created issue with a check', BY_HAND, [], [by('services', 'ok')], 'ok'],
    [
      'is bad for a manually created issue while a check reads bad',
      BY_HAND,
      [],
      [by('services', 'bad')],
      'bad',
    ],
    [
      'is unknown for a manually created issue that is unreadable',
      BY_HAND,
      [],
      [by('services', 'unknown')],
      'unknown',
    ],
  ])('%s', (_title, issue, before, after, status) => {
    const proof = proofOf(issue, before, after);
    expect(proof.status).toBe(status);
    expect(proof.reason).not.toBe('');
  });

  it.each<[string, ComponentVerdict[], Proof['status']]>([
    ['ok', [by('services', 'ok'), by('http', 'ok')], 'ok'],
    ['unknown', [by('services', 'ok'), by('http', 'unknown')], 'unknown'],
    ['silent', [by('services', 'ok')], 'unknown'],
  ])(
    'runs the check of another open issue of the component, which was unknown just before and is %s now',
    (_, after, status) => {
      const opened = { component: 'nginx', check: 'services' };
      const before = [by('services', 'bad'), by('http', 'unknown')];
      expect(proofOf(opened, before, after, ['services', 'http']).status).toBe(status);
    },
  );

  it('has the sentence of the check that opened the issue', () => {
    const after = [by('services', 'ok'), by('http', 'ok')];
    expect(proofOf(OPENED, [by('http', 'bad')], after).reason).toBe('http is ok');
  });
});
