import fc from 'fast-check';

/** Number of surrogates, which are not characters, from U+D800. */
const SURROGATES = 0x800;

/** Any character of Unicode, for `fc.string({ unit })`. The unit `binary` of fast-check takes 0.8 s to build. */
export const anyCharacter = fc
  .integer({ min: 0, max: 0x10_ffff - SURROGATES })
  .map((code) => String.fromCodePoint(code < 0xd800 ? code : code + SURROGATES));
