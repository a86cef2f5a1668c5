import type { Host } from '../host/host.js';
import { isUnknown } from '../model/reading.js';
import type { UnitReading } from '../model/unit.js';
import { conformance, insist, isText, mustNotFail, format, type Make } from './conformance.js';
import { SNAPSHOT_PARTS } from '../model/snapshot.js';
import { insistOnSnapshot } from './snapshot-rules.js';

const MISSING_UNIT = 'no-such-unit-a7c1';
const MISSING_SYSTEMS = ['/nix/store/no-such-system-a7c1', '/nix/store/no-such-system-b2d8'] as const;

/** Returns tests for a `Host`. They only read. */
export function hostConformance(make: Make<Host>) {
  const read = async (host: Host, request?: Parameters<Host['read']>[0]) => {
    const about = request === undefined ? '`read()`' : `\`read(${JSON.stringify(request)})\``;
    const snapshot = await mustNotFail(about, () => host.read(request));
    insistOnSnapshot(snapshot, about);
    return snapshot;
  };
  const asked = async (host: Host, units: readonly string[]): Promise<readonly UnitReading[] | undefined> => {
    const snapshot = await read(host, { parts: ['units'], units });
    return isUnknown(snapshot.units) ? undefined : snapshot.units.asked;
  };

  return conformance(make, {
    async 'each part is a valid value, or unknown with a reason'(host) {
      await read(host);
      await read(host);
    },
    async 'parts that were not requested are unknown'(host) {
      for (const part of SNAPSHOT_PARTS) {
        const snapshot = await read(host, { parts: [part] });
        for (const other of SNAPSHOT_PARTS) {
          if (other !== part)
            insist(isUnknown(snapshot[other]), `Asked for ${part} alone, it returned ${other}`);
        }
      }
    },
    async 'an empty list of parts requests nothing'(host) {
      const snapshot = await read(host, { parts: [] });
      for (const part of SNAPSHOT_PARTS)
        insist(isUnknown(snapshot[part]), `Asked for nothing, it returned ${part}`);
    },
    async 'there is one entry per requested unit, in order, under its full name'(host) {
      const names = ['b-unit.service', MISSING_UNIT, 'a.socket', 'b-unit'];
      const units = await asked(host, names);
      if (units === undefined) return;
      const got = units.map(({ name }) => name).join(', ');
      const expected = names.map(withSuffix).join(', ');
      insist(got === expected, `Asked for ${expected}, it returned ${got === '' ? 'none' : got}`);
    },
    async 'a unit that does not exist is not-found'(host) {
      const units = await asked(host, [MISSING_UNIT]);
      if (units === undefined) return;
      const state = units[0]?.loadState;
      insist(state === 'not-found', `The loadState of a unit that does not exist was ${state ?? 'missing'}`);
    },
    async 'an invalid unit name is no reason to fail'(host) {
      const units = ['', '../etc', 'a b', '-x.service', 'x'.repeat(300), '*'];
      await mustNotFail('`read` of units with impossible names', () =>
        host.read({ parts: ['units'], units }),
      );
    },
    async 'units that were not requested are only returned with `discover`'(host) {
      const { units } = await read(host, { parts: ['units'], units: [] });
      if (!isUnknown(units)) insist(units.troubled.length === 0, 'It returned units that were not requested');
    },
    async '`discover` finds units with problems'(host) {
      await read(host, { parts: ['units'], discover: true });
    },
    async 'the log of a unit is a list of lines, or unknown'(host) {
      for (const unit of [MISSING_UNIT, 'a b']) {
        const lines = (await mustNotFail('`unitLog`', () => host.unitLog?.(unit))) ?? [];
        const whole = isUnknown(lines) || lines.every((line) => typeof line === 'string');
        insist(whole, `\`unitLog\` returned ${format(lines)}`);
      }
    },
    async 'the memory of a unit is a number of bytes, or unknown'(host) {
      for (const unit of [MISSING_UNIT, 'a b']) {
        const bytes = (await mustNotFail('`unitMemory`', () => host.unitMemory?.(unit))) ?? 0;
        insist(isUnknown(bytes) || bytes >= 0, `\`unitMemory\` returned ${format(bytes)}`);
      }
    },
    async '`unitChanges` returns a list of units, empty for a system and itself'(host) {
      for (const [from, to] of [MISSING_SYSTEMS, [...MISSING_SYSTEMS].reverse(), ['', '..']] as const) {
        const units = (await mustNotFail('`unitChanges`', () => host.unitChanges?.(from, to))) ?? [];
        insist(isUnknown(units) || isTexts(units), `\`unitChanges\` returned ${format(units)}`);
      }
      const { system } = await read(host, { parts: ['system'] });
      const nixos = isUnknown(system) ? system : system.nixos;
      const running = isUnknown(nixos) ? nixos : nixos.running;
      if (isUnknown(running)) return;
      const { path } = running;
      const own = (await mustNotFail('`unitChanges`', () => host.unitChanges?.(path, path))) ?? [];
      const isEmpty = isUnknown(own) || own.length === 0;
      insist(isEmpty, `\`unitChanges\` of a system with itself gave ${format(own)}`);
    },
    async 'a missing system is unknown'(host) {
      for (const path of [...MISSING_SYSTEMS, '', '..']) {
        const system = await mustNotFail('`systemIdentity`', () => host.systemIdentity?.(path));
        insist(system === undefined || isUnknown(system), `\`systemIdentity\` returned ${format(system)}`);
      }
    },
    async 'an activity of Nix is a sentence or null, or unknown'(host) {
      const activity = await mustNotFail('`nixActivity`', () => host.nixActivity?.());
      if (activity === undefined || isUnknown(activity)) return;
      for (const sentence of [activity.switching, activity.building])
        insist(sentence === null || isText(sentence), `\`nixActivity\` returned ${format(activity)}`);
    },
    async 'an already aborted signal is no reason to fail'(host) {
      await mustNotFail('`read` with an aborted signal', () => host.read({ signal: AbortSignal.abort() }));
    },
    async 'concurrent reads are possible'(host) {
      await Promise.all([read(host), read(host), read(host, { parts: ['cpu'] })]);
    },
    async 'it can be read again after `close`'(host) {
      await read(host);
      await mustNotFail('`close`', () => host.close?.());
      await read(host);
      await mustNotFail('`close` called twice', async () => {
        await host.close?.();
        await host.close?.();
      });
    },
  });
}

const withSuffix = (name: string): string => (name.includes('.') ? name : `${name}.service`);
const isTexts = (list: unknown): boolean => Array.isArray(list) && list.every(isText);
