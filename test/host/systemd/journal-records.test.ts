import { afterEach, describe, expect, it } from 'vitest';
import { journalRecords, recordsIn } from '../../../src/host/systemd/journal-records.js';
import { runJournalctl } from '../../../src/host/systemd/journalctl.js';
import { program, type Program } from './program.js';

const RESTART = '5eb03494b6584870a536b337290809b3';
const FAILED = 'd9b373ed55a64feb8242e02dbe79a49c';
const SUCCEEDED = '7ad2d189f7e94e70a38c781354912448';
const line = (more: object) =>
  JSON.stringify({ UNIT: 'a.service', __MONOTONIC_TIMESTAMP: '5000000', ...more });

let journalctl: Program | undefined;
afterEach(() => journalctl?.remove());
function stand(script: string): string {
  journalctl = program('journalctl', script);
  return journalctl.path;
}

describe('the records of units in the journal', () => {
  it('are read by one process, those of PID 1 only, of this boot and the last 24 h', async () => {
    const path = stand(`echo '${line({ MESSAGE_ID: SUCCEEDED })}'`);
    const records = await journalRecords(['a.service', 'b.service'], { journalctl: path });
    expect(records).toEqual(
      new Map([['a.service', [{ kind: 'succeeded', at: 5_000, job: '', result: '' }]]]),
    );
    const own = '_PID=1 UNIT=a.service UNIT=b.service';
    expect(journalctl!.calls()).toEqual([
      ' --no-pager --boot --since=-24h --lines=5000 --output=json' +
        ' --output-fields=UNIT,MESSAGE_ID,JOB_TYPE,JOB_RESULT' +
        ` ${own} JOB_TYPE=start JOB_TYPE=stop JOB_TYPE=restart JOB_TYPE=try-restart` +
        ` + ${own} MESSAGE_ID=${RESTART} MESSAGE_ID=${FAILED} MESSAGE_ID=${SUCCEEDED}`,
    ]);
  });

  it('need no process without units', async () => {
    expect(await journalRecords([], { journalctl: stand('exit 1') })).toEqual(new Map());
    expect(journalctl!.calls()).toEqual([]);
  });

  it.each([
    [`echo 'Failed to open files: Permission denied' >&2; exit 1`, 'Failed to open files: Permission denied'],
    [undefined, '/nonexistent/journalctl: no such program'],
  ])(
    'are missing, with the reason, if journalctl reports an error or does not exist',
    async (script, reason) => {
      const options = { journalctl: script === undefined ? '/nonexistent/journalctl' : stand(script) };
      expect(await runJournalctl({ about: ['UNIT=a.service'], jobs: [], fields: 'UNIT' }, options)).toEqual({
        ...{ lines: '', reason },
      });
      expect(await journalRecords(['a.service'], options)).toEqual(new Map());
    },
  );

  it('are missing if journalctl reports an error after some of them', async () => {
    const journalctl = stand(`echo '${line({ MESSAGE_ID: FAILED })}'; echo 'Input/output error' >&2; exit 1`);
    expect(await journalRecords(['a.service'], { journalctl })).toEqual(new Map());
  });

  it('are not read once the reading was ended', async () => {
    const signal = AbortSignal.abort();
    expect((await journalRecords(['a.service'], { journalctl: stand('true'), signal })).size).toBe(0);
    expect(journalctl!.calls()).toEqual([]);
  });

  it('are separate for each unit, oldest first', () => {
    const lines = [
      line({ MESSAGE_ID: FAILED }),
      line({ UNIT: 'b.service', MESSAGE_ID: FAILED }),
      line({ MESSAGE_ID: RESTART, __MONOTONIC_TIMESTAMP: '6000500' }),
    ];
    const none = { job: '', result: '' };
    expect([...recordsIn(lines.join('\n'))]).toEqual([
      [
        'a.service',
        [
          { kind: 'failed', at: 5_000, ...none },
          { kind: 'restart', at: 6_000.5, ...none },
        ],
      ],
      ['b.service', [{ kind: 'failed', at: 5_000, ...none }]],
    ]);
  });

  it('are those of jobs too, with type and result', () => {
    expect(recordsIn(line({ JOB_TYPE: 'start', JOB_RESULT: 'dependency' })).get('a.service')).toEqual([
      { kind: 'job', at: 5_000, job: 'start', result: 'dependency' },
    ]);
  });

  it.each([
    ['is not JSON', '-- No entries --'],
    ['is not an object', 'null'],
    ['is cut off', '{"UNIT":"a.service"'],
    ['has no unit', line({ UNIT: 7, MESSAGE_ID: FAILED })],
    ['has no known kind', line({ MESSAGE_ID: 'x' })],
    ['has no time', line({ MESSAGE_ID: FAILED, __MONOTONIC_TIMESTAMP: 'soon' })],
  ])('do not include a line that %s', (_, text) => {
    expect(recordsIn(`${text}\n`)).toEqual(new Map());
  });

  it('have the kind of their message id, even with the result of a job', () => {
    const text = line({ MESSAGE_ID: FAILED, JOB_TYPE: 'stop', JOB_RESULT: 'done' });
    expect(recordsIn(text).get('a.service')).toEqual([{ kind: 'failed', at: 5_000, job: '', result: '' }]);
  });
});
