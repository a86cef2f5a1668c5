import type { Host } from '../host/host.js';
import { isUnknown } from '../model/reading.js';
import type { UnitReading } from '../model/unit.js';
import {
  conformance,
  insist,
  isText,
  mustNotFail,
  describeValue,
  type ConformanceCase,
  type Make,
} from './conformance.js';
import { SNAPSHOT_PARTS } from './snapshot.js';
import { insistOnSnapshot } from './snapshot-rules.js';

const NOBODY = 'no-such-unit-a7c1';
const NO_SYSTEMS = ['/nix/store/no-such-system-a7c1', '/nix/store/no-such-system-b2d8'] as const;

/** What every `Host` promises. The cases only read. */
export function hostConformance(make: Make<Host>): ConformanceCase[] {
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
    async 'each part is a value that can be, or unknown with a reason'(host) {
      await read(host);
      await read(host);
    },
    async 'what was not asked for is unknown'(host) {
      for (const part of SNAPSHOT_PARTS) {
        const snapshot = await read(host, { parts: [part] });
        for (const other of SNAPSHOT_PARTS) {
          if (other !== part)
            insist(isUnknown(snapshot[other]), `Asked for ${part} alone, it told of ${other}`);
        }
      }
    },
    async 'an empty list of parts asks for nothing, not for everything'(host) {
      const snapshot = await read(host, { parts: [] });
      for (const part of SNAPSHOT_PARTS)
        insist(isUnknown(snapshot[part]), `Asked for nothing, it told of ${part}`);
    },
    async 'there is one entry for each unit asked for, in that order, under its full name'(host) {
      const names = ['b-unit.service', NOBODY, 'a.socket', 'b-unit'];
      const units = await asked(host, names);
      if (units === undefined) return;
      const [got, expected] = [units.map(({ name }) => name), names.map(withSuffix)].map((list) =>
        list.join(', '),
      );
      insist(got === expected, `Asked for ${expected}, it told of ${got === '' ? 'none' : got}`);
    },
    async 'a unit that does not exist is not-found'(host) {
      const units = await asked(host, [NOBODY]);
      if (units === undefined) return;
      const state = units[0]?.loadState;
      insist(state === 'not-found', `The loadState of a unit that does not exist was ${state ?? 'missing'}`);
    },
    async 'a name that no unit can have is no reason to fail'(host) {
      const units = ['', '../etc', 'a b', '-x.service', 'x'.repeat(300), '*'];
      await mustNotFail('`read` of units with impossible names', () =>
        host.read({ parts: ['units'], units }),
      );
    },
    async 'without `discover` nothing is told of units that nobody named'(host) {
      const { units } = await read(host, { parts: ['units'], units: [] });
      if (!isUnknown(units))
        insist(units.troubled.length === 0, 'It told of units in trouble without being asked');
    },
    async '`discover` finds units in trouble'(host) {
      await read(host, { parts: ['units'], discover: true });
    },
    async 'the log of a unit is a list of lines, or unknown'(host) {
      for (const unit of [NOBODY, 'a b']) {
        const lines = (await mustNotFail('`unitLog`', () => host.unitLog?.(unit))) ?? [];
        const whole = isUnknown(lines) || lines.every((line) => typeof line === 'string');
        insist(whole, `\`unitLog\` gave ${describeValue(lines)}`);
      }
    },
    async 'the memory of a unit is a number of bytes, or unknown'(host) {
      for (const unit of [NOBODY, 'a b']) {
        const bytes = (await mustNotFail('`unitMemory`', () => host.unitMemory?.(unit))) ?? 0;
        insist(isUnknown(bytes) || bytes >= 0, `\`unitMemory\` gave ${describeValue(bytes)}`);
      }
    },
    async 'what differs between two systems is a list of units, and no system differs from itself'(host) {
      for (const [from, to] of [NO_SYSTEMS, [...NO_SYSTEMS].reverse(), ['', '..']] as const) {
        const units = (await mustNotFail('`unitChanges`', () => host.unitChanges?.(from, to))) ?? [];
        insist(isUnknown(units) || isTexts(units), `\`unitChanges\` gave ${describeValue(units)}`);
      }
      const { system } = await read(host, { parts: ['system'] });
      const nixos = isUnknown(system) ? system : system.nixos;
      const running = isUnknown(nixos) ? nixos : nixos.running;
      if (isUnknown(running)) return;
      const { path } = running;
      const own = (await mustNotFail('`unitChanges`', () => host.unitChanges?.(path, path))) ?? [];
      insist(
        isUnknown(own) || own.length === 0,
        `\`unitChanges\` of a system with itself gave ${describeValue(own)}`,
      );
    },
    async 'a system that is not there is unknown'(host) {
      for (const path of [...NO_SYSTEMS, '', '..']) {
        const system = await mustNotFail('`systemIdentity`', () => host.systemIdentity?.(path));
        insist(system === undefined || isUnknown(system), `\`systemIdentity\` gave ${describeValue(system)}`);
      }
    },
    async 'what is under way is a sentence or null, or unknown'(host) {
      const activity = await mustNotFail('`nixActivity`', () => host.nixActivity?.());
      if (activity === undefined || isUnknown(activity)) return;
      for (const sentence of [activity.switching, activity.building])
        insist(sentence === null || isText(sentence), `\`nixActivity\` gave ${describeValue(activity)}`);
    },
    async 'a signal that is aborted already is no reason to fail'(host) {
      await mustNotFail('`read` with an aborted signal', () => host.read({ signal: AbortSignal.abort() }));
    },
    async 'it can be read several times at once'(host) {
      await Promise.all([read(host), read(host), read(host, { parts: ['cpu'] })]);
    },
    async 'after `close` a reading opens everything again'(host) {
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
