import { ProtocolError } from './protocol-error.js';

/** A basic type by its letter, or a container type. */
export type Type =
  | { readonly kind: 'basic'; readonly code: string }
  | { readonly kind: 'array'; readonly item: Type }
  | { readonly kind: 'dictionary'; readonly key: Type; readonly value: Type }
  | { readonly kind: 'struct'; readonly fields: readonly Type[] }
  | { readonly kind: 'variant' };

/** Limit of the specification for nested arrays, and for nested structs. */
const MAX_DEPTH = 32;
const MAX_LENGTH = 255;
const BASIC = 'ybnqiuxtdsogh';
/** Limit of cached signatures. A unit has about 20. */
const MAX_KEPT = 100;

const kept = new Map<string, readonly Type[]>();

/** Parses a D-Bus signature into its complete types. Throws a `ProtocolError` if it is invalid. */
export function parseSignature(signature: string): readonly Type[] {
  const known = kept.get(signature);
  if (known) return known;
  const types = parseTypes(signature);
  if (kept.size < MAX_KEPT) kept.set(signature, types);
  return types;
}

/** Returns the alignment of a type, in bytes. */
export function alignmentOf(type: Type): number {
  if (type.kind === 'struct') return 8;
  if (type.kind === 'array' || type.kind === 'dictionary') return 4;
  if (type.kind === 'variant' || 'yg'.includes(type.code)) return 1;
  if ('nq'.includes(type.code)) return 2;
  return 'xtd'.includes(type.code) ? 8 : 4;
}

function parseTypes(signature: string): readonly Type[] {
  const invalid = (): never => {
    throw new ProtocolError(`invalid signature ${JSON.stringify(signature.slice(0, MAX_LENGTH))}`);
  };
  if (signature.length > MAX_LENGTH) invalid();
  let at = 0;

  function fieldsUntil(end: string, arrays: number, structs: number): readonly Type[] {
    const fields: Type[] = [];
    while (signature[at] !== end) fields.push(one(arrays, structs));
    at++;
    return fields.length > 0 ? fields : invalid();
  }

  function one(arrays: number, structs: number): Type {
    if (arrays > MAX_DEPTH || structs > MAX_DEPTH || at >= signature.length) return invalid();
    const code = signature[at++]!;
    if (BASIC.includes(code)) return { kind: 'basic', code };
    if (code === 'v') return { kind: 'variant' };
    if (code === '(') return { kind: 'struct', fields: fieldsUntil(')', arrays, structs + 1) };
    if (code !== 'a') return invalid();
    if (signature[at] !== '{') return { kind: 'array', item: one(arrays + 1, structs) };
    at++;
    const [key, value, ...more] = fieldsUntil('}', arrays + 1, structs + 1);
    if (key?.kind !== 'basic' || value === undefined || more.length > 0) return invalid();
    return { kind: 'dictionary', key, value };
  }

  const types: Type[] = [];
  while (at < signature.length) types.push(one(0, 0));
  return types;
}
