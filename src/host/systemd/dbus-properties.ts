import type { UnitProperties } from './unit-facts.js';

/** systemd's value for no limit. */
const NO_LIMIT = 0xffff_ffff_ffff_ffffn;

/** Wraps the properties of a unit from D-Bus. */
export function dbusProperties(values: Readonly<Record<string, unknown>>): UnitProperties {
  return {
    text(name) {
      const value = values[name];
      if (Buffer.isBuffer(value)) return value.toString('hex');
      return typeof value === 'string' ? value : '';
    },
    words(name) {
      const value = values[name];
      return Array.isArray(value) ? value.filter((word): word is string => typeof word === 'string') : [];
    },
    flag: (name) => values[name] === true,
    count(name) {
      const value = values[name];
      if (typeof value === 'bigint') return Number(value);
      return typeof value === 'number' && Number.isFinite(value) ? value : 0;
    },
    moment: (name) => milliseconds(values[name]) ?? 0,
    span: (name) => (values[name] === NO_LIMIT ? Infinity : (milliseconds(values[name]) ?? Infinity)),
  };
}

/** Converts microseconds, which are a `bigint`. */
function milliseconds(value: unknown): number | undefined {
  return typeof value === 'bigint' ? Number(value / 1000n) : undefined;
}

/** Returns the object path of a unit. */
export function unitPath(unit: string): string {
  const escaped = unit.replace(
    /[^A-Za-z0-9]|^[0-9]/g,
    (char) => `_${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
  return `/org/freedesktop/systemd1/unit/${escaped}`;
}

/** Returns the unit of an object path. */
export function unitOfPath(path: string): string {
  const escaped = path.slice(path.lastIndexOf('/') + 1);
  return escaped.replace(/_([0-9a-f]{2})/g, (_, code: string) => String.fromCharCode(parseInt(code, 16)));
}
