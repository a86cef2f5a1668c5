import { afterEach, describe, expect, it } from 'vitest';
import { createJournal, stopIn } from '../../../src/host/systemd/journal.js';
import { isUnknown } from '../../../src/model/reading.js';
import { program, type Program } from './program.js';

const RUN = '3df5e7050d9840928a40208e59ac8b53';
const OTHER = '5ef4a5882d9a4456811bc35d7172dbbe';
const entry = (fields: Record<string, unknown>): string => JSON.stringify({ INVOCATION_ID: RUN, ...fields });
const stopping = entry({ JOB_TYPE: 'stop', MESSAGE_ID: 'de5b426a63be47a7b6ac3eaac82e2f6f' });
const stopped = entry({
  JOB_TYPE: 'stop',
  JOB_RESULT: 'done',
  MESSAGE_ID: '9d1aaa27d60140bd96365438aad20286',
});
const ended = entry({ MESSAGE_ID: '7ad2d189f7e94e70a38c781354912448' });
const exited = entry({ MESSAGE_ID: '98e322203f7a4ed290d09fe03c09fe15' });

describe('the end of a run in the journal', () => {
  it('is a stop job by its final record, because a restart begins with the same record', () => {
    expect(stopIn([stopping, ended, stopped].join('\n'), RUN)).toBe(true);
    expect(stopIn([stopping, ended].join('\n'), RUN)).toBeUndefined();
  });

  it('is not a stop job if the unit went down with the restart of another one', () => {
    const restarted = entry({ JOB_TYPE: 'restart', JOB_RESULT: 'done' });
    expect(stopIn([stopping, ended, restarted].join('\n'), RUN)).toBe(false);
  });

  it('is not a stop job if the run ended without a job', () => {
    expect(stopIn(ended, RUN)).toBe(false);
    expect(stopIn(exited, RUN)).toBe(false);
  });

  it('is unknown as long as it is not recorded', () => {
    expect(stopIn('', RUN)).toBeUndefined();
    expect(stopIn(entry({ JOB_TYPE: 'start', JOB_RESULT: 'done' }), RUN)).toBeUndefined();
  });

  it('is not taken from a stop job that was cancelled, or from another run', () => {
    expect(stopIn([entry({ JOB_TYPE: 'stop', JOB_RESULT: 'canceled' }), exited].join('\n'), RUN)).toBe(false);
    expect(stopIn(stopped, OTHER)).toBeUndefined();
  });

  it('is found among lines that are not JSON or not objects', () => {
    expect(
      stopIn(['-- No entries --', '{', '{}', 'null', '{"INVOCATION_ID":[1]}', stopped].join('\n'), RUN),
    ).toBe(true);
  });
});

describe('the journal', () => {
  let journalctl: Program | undefined;
  afterEach(() => journalctl?.remove());
  const open = (script: string, now = () => 0) => {
    journalctl = program('journalctl', script);
    return createJournal({ journalctl: journalctl.path, now });
  };

  it('is read by one process for all runs, and only the records of PID 1', async () => {
    const journal = open(`cat <<'END'\n${[stopped, ended.replace(RUN, OTHER)].join('\n')}\nEND`);
    const answers = await journal.stoppedByJob([RUN, OTHER]);
    expect([...answers]).toEqual([
      [RUN, true],
      [OTHER, false],
    ]);
    await journal.stoppedByJob([OTHER, RUN]);
    expect(journalctl!.calls()).toHaveLength(1);
    expect(journalctl!.calls()[0]).toMatch(
      / _PID=1 .*JOB_TYPE=stop JOB_TYPE=restart JOB_TYPE=try-restart \+ _PID=1 /,
    );
  });

  it('is asked for the jobs and ends of the runs, in a form that can be parsed', async () => {
    await open('true').stoppedByJob([RUN, OTHER]);
    const runs = `_PID=1 INVOCATION_ID=${RUN} INVOCATION_ID=${OTHER}`;
    const ends = ['7ad2d189f7e94e70a38c781354912448', 'd9b373ed55a64feb8242e02dbe79a49c'];
    expect(journalctl!.calls()).toEqual([
      ' --no-pager --output=json --output-fields=INVOCATION_ID,JOB_TYPE,JOB_RESULT,MESSAGE_ID' +
        ` ${runs} JOB_TYPE=stop JOB_TYPE=restart JOB_TYPE=try-restart` +
        ` + ${runs} ${[...ends, '98e322203f7a4ed290d09fe03c09fe15'].map((id) => `MESSAGE_ID=${id}`).join(' ')}`,
    ]);
  });

  it('has the reason that a record is missing if it was read without an error', async () => {
    expect([...(await open('true').stoppedByJob([RUN])).values()]).toEqual([
      { unknown: 'the journal has no record of the end of its last run' },
    ]);
  });

  it('is read at once after three attempts that were aborted', async () => {
    const journal = open(`echo '${stopped}'`);
    for (let attempt = 0; attempt < 3; attempt += 1) await journal.stoppedByJob([RUN], AbortSignal.abort());
    expect([...(await journal.stoppedByJob([RUN])).values()]).toEqual([true]);
  });

  it('starts no process without a run', async () => {
    const journal = open('exit 1');
    expect((await journal.stoppedByJob([])).size).toBe(0);
    expect(journalctl!.calls()).toHaveLength(0);
  });

  it('returns the reason if journalctl may not read it', async () => {
    const journal = open(`echo 'No journal files were opened due to insufficient permissions.' >&2; exit 1`);
    expect((await journal.stoppedByJob([RUN])).get(RUN)).toEqual({
      unknown: 'No journal files were opened due to insufficient permissions',
    });
  });

  it('returns unknown without journalctl', async () => {
    const journal = createJournal({ journalctl: '/nonexistent/journalctl', now: () => 0 });
    expect((await journal.stoppedByJob([RUN])).get(RUN)).toEqual({
      unknown: '/nonexistent/journalctl: no such program',
    });
  });

  it('retries a missing record three times, and then every 10 minutes', async () => {
    let time = 0;
    const journal = open('true', () => time);
    for (let cycle = 0; cycle < 10; cycle++)
      expect(isUnknown((await journal.stoppedByJob([RUN])).get(RUN))).toBe(true);
    expect(journalctl!.calls()).toHaveLength(3);
    time = 600_000;
    await journal.stoppedByJob([RUN]);
    await journal.stoppedByJob([RUN]);
    expect(journalctl!.calls()).toHaveLength(4);
  });

  it('does not count an aborted attempt', async () => {
    const journal = open('true');
    expect(isUnknown((await journal.stoppedByJob([RUN], AbortSignal.abort())).get(RUN))).toBe(true);
    expect(journalctl!.calls()).toHaveLength(0);
  });
});
