import { describe, expect, it } from 'vitest';
import { conditionOf, effectLines, NO_EFFECTS, type TouchedUnit } from '../../src/model/effects.js';

const touched = (id: string, how: TouchedUnit['how']): TouchedUnit => ({
  ...{ id, names: [id], how, refuseManualStart: false },
});
const started = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ id: `u${index}`, names: [`u${index}`], atBoot: true }));

describe('the effects of a plan on other units', () => {
  it('are one line for each kind, in the order of their weight', () => {
    const effects = {
      touches: [
        ...[touched('a', 'reloaded'), touched('b', 'restarted'), touched('c', 'stopped')],
        touched('d', 'stopped'),
      ],
      ...{ touchesIfUp: ['hidden'], starts: started(1), onFailure: ['f'], onSuccess: ['g'] },
      emergency: ['db.service: SuccessAction=reboot'],
    };
    expect(effectLines(effects)).toEqual([
      'Also stops: c, d',
      'Also restarts: b',
      'Also reloads: a',
      'Also starts: u0',
      'Starts only if it fails: f',
      'Starts only if it succeeds: g',
      'Emergency actions: db.service: SuccessAction=reboot',
    ]);
  });

  it('are no line where there are none', () => {
    expect(effectLines(NO_EFFECTS)).toEqual([]);
  });

  it('name 20 units at most, and count the others', () => {
    const [twenty] = effectLines({ ...NO_EFFECTS, starts: started(20) });
    expect(twenty).toMatch(/, u19$/);
    const [more] = effectLines({ ...NO_EFFECTS, starts: started(22) });
    expect(more).toMatch(/, u19 and 2 more$/);
  });
});

it.each([
  [undefined, ''],
  ['start-limit-hit', '  (only if the start limit refused it)'],
  ['not-activated', '  (only if the switch ends before it activates anything)'],
  ['boot-loader-failed', '  (only if only the boot loader cannot be written)'],
  ['something-new', '  (only if something-new)'],
])('a step with the condition %s is followed by %j', (onlyIf, words) => {
  expect(conditionOf({ kind: 'command', ...(onlyIf !== undefined && { onlyIf }) })).toBe(words);
});
