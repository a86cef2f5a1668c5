import { describe, expect, it } from 'vitest';
import { Severity } from '../../src/model/issue.js';
import { ciBox, dockerHost, kubernetesNode, lxcOnZfs } from './containers.js';
import {
  database,
  fileServer,
  raspberryPi,
  raspberryPiOverlay,
  silverblue,
  snapLaptop,
  wsl2,
} from './machines.js';
import { seenOn } from './profile.js';

const PROFILES = [
  ...[snapLaptop, silverblue, wsl2, lxcOnZfs, kubernetesNode, database, ciBox, fileServer],
  ...[raspberryPi, raspberryPiOverlay, dockerHost],
];

describe('on a healthy host with the default options', () => {
  it.each(PROFILES)('nothing above LOW is reported, and nothing is planned: $name', async (profile) => {
    const { verdicts, results } = await seenOn(profile);
    const words = (status: string) =>
      verdicts
        .filter((verdict) => verdict.status === status)
        .map(({ component, reason }) => `${component}: ${reason}`);
    const alarms = verdicts
      .filter(({ status, severity = Severity.LOW }) => status === 'bad' && severity > Severity.LOW)
      .map(({ component }) => component);
    expect(alarms, words('bad').join('\n')).toEqual(profile.reported ?? []);
    const blind = verdicts.filter(({ status }) => status === 'unknown').map(({ component }) => component);
    expect(blind, words('unknown').join('\n')).toEqual(profile.unknown ?? []);
    expect(results.filter(({ success }) => success)).toEqual([]);
    for (const { issue, outcome, blockedBy } of results)
      expect(`${issue.component} ${outcome}`, String(blockedBy)).toBe(`${issue.component} skipped`);
    expect(verdicts.length).toBeGreaterThan(5);
    for (const { reason } of verdicts) expect(reason).toMatch(/^[^\n]{10,250}$/);
  });
});

describe('on a host that is unusual by design', () => {
  it('CPU and load are reported with the reason why nothing is done: CI box', async () => {
    const { results } = await seenOn(ciBox);
    expect(results.map(({ issue, blockedBy }) => `${issue.component}: ${blockedBy}`)).toEqual([
      'cpu: unavailable',
      'load: no-action',
    ]);
  });

  it('out-of-memory kills in other containers of the machine are not reported: LXC', async () => {
    const { verdicts } = await seenOn(lxcOnZfs);
    expect(verdicts.filter(({ status }) => status === 'bad')).toEqual([]);
  });

  it('a full archive is not reported with its own threshold, and the rest is unchanged: file server', async () => {
    const levels = { '/srv/archive': { percent: 90, freeBytes: 2e12 } };
    const { verdicts, results } = await seenOn(fileServer, { mounts: { levels } });
    expect(verdicts.filter(({ status }) => status !== 'ok')).toEqual([]);
    expect(results).toEqual([]);
  });
});
