import { describe, expect, it, vi } from 'vitest';
import { Emitter } from '../../src/report/events.js';
import { recordingLogger } from '../../src/testing/index.js';
import { issueOf } from '../make.js';

const issue = issueOf();

describe('Emitter', () => {
  it('calls every listener of the event and no other', () => {
    const emitter = new Emitter();
    const [opened, cleared] = [vi.fn(), vi.fn()];
    emitter.on('issue:opened', opened);
    emitter.on('issue:cleared', cleared);
    emitter.emit('issue:opened', { issue }, recordingLogger());
    expect(opened.mock.calls).toEqual([[{ issue }]]);
    expect(cleared).not.toHaveBeenCalled();
  });

  it('returns the function that removes the listener, which may be called twice', () => {
    const emitter = new Emitter();
    const listener = vi.fn();
    const end = emitter.on('issue:opened', listener);
    end();
    end();
    emitter.emit('issue:opened', { issue }, recordingLogger());
    expect(listener).not.toHaveBeenCalled();
  });

  it('calls a function twice that was added twice, and removes each registration separately', () => {
    const emitter = new Emitter();
    const listener = vi.fn();
    const end = emitter.on('issue:opened', listener);
    emitter.on('issue:opened', listener);
    emitter.emit('issue:opened', { issue }, recordingLogger());
    end();
    emitter.emit('issue:opened', { issue }, recordingLogger());
    expect(listener).toHaveBeenCalledTimes(3);
  });

  it('refuses an unknown event, and a listener that is no function', () => {
    const emitter = new Emitter();
    expect(() => emitter.on('issue:open' as never, vi.fn())).toThrow(
      'Unknown event `issue:open` in `on`: did you mean `issue:opened`?',
    );
    expect(() => emitter.on('issue:opened', 7 as never)).toThrow(
      'Expected `listener` to be a function, got `7` (number)',
    );
  });

  it('knows whether an event has listeners', () => {
    const emitter = new Emitter();
    expect(emitter.hasListeners('issue:opened')).toBe(false);
    const end = emitter.on('issue:opened', vi.fn());
    expect(emitter.hasListeners('issue:opened')).toBe(true);
    end();
    expect(emitter.hasListeners('issue:opened')).toBe(false);
  });

  it('emits an event that never had a listener', () => {
    expect(() => new Emitter().emit('issue:opened', { issue }, recordingLogger())).not.toThrow();
  });

  it('logs the same error of a listener once, until it throws another one', () => {
    const emitter = new Emitter();
    const logger = recordingLogger();
    let fault = 'my fault';
    emitter.on('issue:opened', () => {
      throw new Error(fault);
    });
    for (const next of ['my fault', 'my fault', 'another', 'my fault']) {
      fault = next;
      emitter.emit('issue:opened', { issue }, logger);
    }
    expect(logger.of('error').map((line) => line.split(': ')[1])).toEqual([
      'my fault',
      'another',
      'my fault',
    ]);
  });

  it('logs a listener that throws, and calls the others', () => {
    const emitter = new Emitter();
    const logger = recordingLogger();
    const after = vi.fn();
    emitter.on('issue:opened', () => {
      throw new Error('my fault');
    });
    emitter.on('issue:opened', after);
    emitter.emit('issue:opened', { issue }, logger);
    expect(after).toHaveBeenCalledOnce();
    expect(logger.of('error')).toEqual(['A listener of issue:opened threw: my fault']);
  });

  it('logs an asynchronous listener that rejects, so that it cannot end the process', async () => {
    const emitter = new Emitter();
    const logger = recordingLogger();
    const rejected = Promise.reject(new Error('later fault'));
    rejected.catch(() => undefined);
    // The compiler permits this: an async function is assignable to a function that returns void.
    // eslint-disable-next-line @typescript-eslint/no-misused-promises
    emitter.on('issue:opened', () => rejected);
    emitter.emit('issue:opened', { issue }, logger);
    await rejected.catch(() => undefined);
    await Promise.resolve();
    expect(logger.of('error').join('\n')).toContain('later fault');
  });

  it('permits a listener to remove itself, or add another one, while it is called', () => {
    const emitter = new Emitter();
    const late = vi.fn();
    const end = emitter.on('issue:opened', () => {
      end();
      emitter.on('issue:opened', late);
    });
    emitter.emit('issue:opened', { issue }, recordingLogger());
    expect(late).not.toHaveBeenCalled();
    emitter.emit('issue:opened', { issue }, recordingLogger());
    expect(late).toHaveBeenCalledOnce();
  });
});
