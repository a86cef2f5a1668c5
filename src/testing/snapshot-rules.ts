import { isUnknown } from '../model/reading.js';
import type { Snapshot, SystemReading, UsageReading } from '../model/snapshot.js';
import type { UnitReading } from '../model/unit.js';
import { insist, isObject, isText, describeValue } from './conformance.js';
import { SNAPSHOT_PARTS } from './snapshot.js';

/** Holds a snapshot against what a snapshot is: every part is a value that can be, or unknown with a reason. */
export function insistOnSnapshot(snapshot: unknown, about: string): asserts snapshot is Snapshot {
  insist(isObject(snapshot), `${about} gave ${describeValue(snapshot)}, which is not a snapshot`);
  insist(
    Number.isFinite(snapshot.timestamp),
    `${about} gave the timestamp ${describeValue(snapshot.timestamp)}`,
  );
  for (const part of SNAPSHOT_PARTS)
    insist(isObject(snapshot[part]) || Array.isArray(snapshot[part]), `${about} gave no ${part}`);
  insistOnReadings(snapshot, about);
  const { cpu, memory, load, mounts, units, system } = snapshot as unknown as Snapshot;
  if (!isUnknown(cpu)) {
    insist(isPercent(cpu.percent), `${about} gave a CPU use of ${describeValue(cpu.percent)} %`);
    insist(isCount(cpu.cpus), `${about} gave ${describeValue(cpu.cpus)} CPUs`);
  }
  if (!isUnknown(memory)) {
    insist(memory.totalBytes > 0, `${about} gave a memory of ${memory.totalBytes} bytes`);
    insist(
      isPercent(memory.usedPercent),
      `${about} gave a memory use of ${describeValue(memory.usedPercent)} %`,
    );
    const fits = memory.availableBytes >= 0 && memory.availableBytes <= memory.totalBytes;
    insist(fits, `${about} gave ${memory.availableBytes} of ${memory.totalBytes} bytes as available`);
  }
  if (!isUnknown(load)) {
    insist(isCount(load.cpus), `${about} gave ${describeValue(load.cpus)} CPUs beside the load`);
    for (const value of [load.one, load.five, load.fifteen])
      insist(value >= 0, `${about} gave a load of ${describeValue(value)}`);
  }
  if (!isUnknown(mounts)) {
    const devices = mounts.map(({ device }) => device);
    insist(new Set(devices).size === devices.length, `${about} gave one device twice: ${devices.join(', ')}`);
    for (const { mountPoint, space, inodes, writes } of mounts) {
      insist(isText(mountPoint), `${about} gave a mount without a mount point`);
      if (!isUnknown(space)) insistOnUsage(space, `${about} on the space of ${mountPoint}`);
      if (!isUnknown(inodes)) insistOnUsage(inodes, `${about} on the inodes of ${mountPoint}`);
      const isTold = writes === undefined || (isText(writes.status) && isText(writes.reason));
      insist(isTold, `${about} gave ${describeValue(writes)} as what ${mountPoint} does with writes`);
    }
  }
  if (!isUnknown(system)) insistOnSystem(system, about);
  if (!isUnknown(units)) for (const unit of [...units.asked, ...units.troubled]) insistOnUnit(unit, about);
}

function insistOnUsage({ used, available, percent }: UsageReading, about: string): void {
  insist(used >= 0 && available >= 0, `${about} gave ${used} used and ${available} available`);
  insist(isPercent(percent), `${about} gave ${describeValue(percent)} %`);
  const sum = used + available;
  insist(
    sum === 0 || Math.abs(percent - (100 * used) / sum) < 0.5,
    `${about} gave ${percent} % for ${used} of ${sum}`,
  );
}

function insistOnSystem(system: SystemReading, about: string): void {
  for (const key of ['state', 'nixos', 'oomKills'] as const)
    insist(key in system && system[key] !== undefined, `${about} gave a system without ${key}`);
  const { oomKills, nixos } = system;
  const counted = isUnknown(oomKills) || (Number.isInteger(oomKills) && oomKills >= 0);
  insist(counted, `${about} gave ${describeValue(oomKills)} kills for want of memory`);
  if (isUnknown(nixos) || isUnknown(nixos.generations)) return;
  const numbers = nixos.generations.map(({ number }) => number);
  const ascending = numbers.every((number, index) => index === 0 || number > numbers[index - 1]!);
  insist(ascending, `${about} gave generations that do not ascend: ${numbers.join(', ')}`);
}

function insistOnUnit(unit: UnitReading, about: string): void {
  const { name, id, names, loadState, activeState } = unit;
  for (const [key, value] of Object.entries({ name, id, loadState, activeState })) {
    insist(isText(value), `${about} gave a unit whose ${key} is ${describeValue(value)}`);
  }
  insist(names.includes(id), `${about} gave ${id} without its own name among its names`);
}

/** No number anywhere may be NaN, and nothing unknown may be without a reason. */
function insistOnReadings(value: unknown, about: string): void {
  insist(!Number.isNaN(value), `${about} gave NaN: what could not be read is unknown, with a reason`);
  if (typeof value !== 'object' || value === null) return;
  if (isUnknown(value)) insist(isText(value.unknown), `${about} gave something unknown without a reason`);
  for (const part of Object.values(value)) insistOnReadings(part, about);
}

const isPercent = (value: number): boolean => value >= 0 && value <= 100;
const isCount = (value: number): boolean => Number.isInteger(value) && value >= 1;
