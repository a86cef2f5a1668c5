import { describe, expect, it } from 'vitest';
import { watchedUnits } from '../../src/detect/watched.js';

describe('the services option', () => {
  it('takes names with and without suffix, and names with permissions', () => {
    const units = watchedUnits(['nginx', 'web.socket', { unit: 'pg@15-main', keepRunning: true }]);
    expect([...units]).toEqual([
      ['nginx.service', { unit: 'nginx.service' }],
      ['web.socket', { unit: 'web.socket' }],
      ['pg@15-main.service', { unit: 'pg@15-main.service', keepRunning: true }],
    ]);
  });

  it.each([
    [['ng inx'], /services\[0\]/],
    [['ok', '../etc'], /services\[1\]/],
    [['nginx;reboot'], /services\[0\]/],
    [['-h'], /services\[0\]/],
    [['*'], /services\[0\]/],
    [[''], /services\[0\]/],
    [[7], /services\[0\]/],
    [[{ keepRunning: true }], /services\[0\]\.unit/],
    [[{ unit: 'a', keepRunning: 'yes' }], /services\[0\]\.keepRunning.*true or false/],
    ['nginx', /`services` to be an array/],
  ])('refuses %j', (services, message) => {
    expect(() => watchedUnits(services)).toThrow(message);
  });

  it('names the option that was probably meant', () => {
    expect(() => watchedUnits([{ unit: 'a', keep_running: true }])).toThrow(
      'Unknown option `keep_running` in `services[0]`: did you mean `keepRunning`?',
    );
  });
});
