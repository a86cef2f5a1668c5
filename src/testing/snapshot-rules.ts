import { isObject } from '../base/shape.js';
import { isUnknown } from '../model/reading.js';
import { SNAPSHOT_PARTS, type Snapshot, type SystemReading, type UsageReading } from '../model/snapshot.js';
import type { UnitReading } from '../model/unit.js';
import { insist, insistOnAll, isText, format } from './conformance.js';

/** Throws unless every part of a snapshot is a valid value, or unknown with a reason. */
export function insistOnSnapshot(snapshot: unknown, about: string): asserts snapshot is Snapshot {
  insist(isObject(snapshot), `${about} returned ${format(snapshot)}, which is not a snapshot`);
  const { timestamp } = snapshot;
  insist(Number.isFinite(timestamp), `${about} returned the timestamp ${format(timestamp)}`);
  for (const part of SNAPSHOT_PARTS)
    insist(isObject(snapshot[part]) || Array.isArray(snapshot[part]), `${about} returned no ${part}`);
  insistOnReadings(snapshot, about);
  const { cpu, memory, load, mounts, units, system } = snapshot as unknown as Snapshot;
  if (!isUnknown(cpu)) {
    insist(isPercent(cpu.percent), `${about} returned a CPU use of ${format(cpu.percent)} %`);
    insist(isCount(cpu.cpus), `${about} returned ${format(cpu.cpus)} CPUs`);
  }
  if (!isUnknown(memory)) {
    const { totalBytes, availableBytes, usedPercent } = memory;
    const fits = availableBytes >= 0 && availableBytes <= totalBytes;
    insistOnAll(about, [
      [totalBytes > 0, `a memory of ${totalBytes} bytes`],
      [isPercent(usedPercent), `a memory use of ${format(usedPercent)} %`],
      [fits, `${availableBytes} of ${totalBytes} bytes as available`],
    ]);
  }
  if (!isUnknown(load)) {
    insist(isCount(load.cpus), `${about} returned ${format(load.cpus)} CPUs beside the load`);
    for (const value of [load.one, load.five, load.fifteen])
      insist(value >= 0, `${about} returned a load of ${format(value)}`);
  }
  if (!isUnknown(mounts)) {
    const devices = mounts.map(({ device }) => device);
    const areUnique = new Set(devices).size === devices.length;
    insist(areUnique, `${about} returned one device twice: ${devices.join(', ')}`);
    for (const { mountPoint, space, inodes, writes } of mounts) {
      insist(isText(mountPoint), `${about} returned a mount without a mount point`);
      if (!isUnknown(space)) insistOnUsage(space, `${about} on the space of ${mountPoint}`);
      if (!isUnknown(inodes)) insistOnUsage(inodes, `${about} on the inodes of ${mountPoint}`);
      const isTold = writes === undefined || (isText(writes.status) && isText(writes.reason));
      insist(isTold, `${about} returned ${format(writes)} as what ${mountPoint} does with writes`);
    }
  }
  if (!isUnknown(system)) insistOnSystem(system, about);
  if (!isUnknown(units)) for (const unit of [...units.asked, ...units.troubled]) insistOnUnit(unit, about);
}

function insistOnUsage({ used, available, percent }: UsageReading, about: string): void {
  const sum = used + available;
  insistOnAll(about, [
    [used >= 0 && available >= 0, `${used} used and ${available} available`],
    [isPercent(percent), `${format(percent)} %`],
    [sum === 0 || Math.abs(percent - (100 * used) / sum) < 0.5, `${percent} % for ${used} of ${sum}`],
  ]);
}

function insistOnSystem(system: SystemReading, about: string): void {
  for (const key of ['state', 'nixos', 'oomKills'] as const)
    insist(key in system && system[key] !== undefined, `${about} returned a system without ${key}`);
  const { oomKills, nixos } = system;
  const counted = isUnknown(oomKills) || (Number.isInteger(oomKills) && oomKills >= 0);
  insist(counted, `${about} returned ${format(oomKills)} out-of-memory kills`);
  if (isUnknown(nixos) || isUnknown(nixos.generations)) return;
  const numbers = nixos.generations.map(({ number }) => number);
  const ascending = numbers.every((number, index) => index === 0 || number > numbers[index - 1]!);
  insist(ascending, `${about} returned generations that do not ascend: ${numbers.join(', ')}`);
}

function insistOnUnit(unit: UnitReading, about: string): void {
  const { name, id, names, loadState, activeState } = unit;
  for (const [key, value] of Object.entries({ name, id, loadState, activeState })) {
    insist(isText(value), `${about} returned a unit whose ${key} is ${format(value)}`);
  }
  insist(names.includes(id), `${about} returned ${id} without its own name among its names`);
}

/** Throws if any number is NaN, or any unknown has no reason. */
function insistOnReadings(value: unknown, about: string): void {
  insist(!Number.isNaN(value), `${about} returned NaN: what could not be read is unknown, with a reason`);
  if (typeof value !== 'object' || value === null) return;
  if (isUnknown(value)) insist(isText(value.unknown), `${about} returned something unknown without a reason`);
  for (const part of Object.values(value)) insistOnReadings(part, about);
}

const isPercent = (value: number): boolean => value >= 0 && value <= 100;
const isCount = (value: number): boolean => Number.isInteger(value) && value >= 1;
