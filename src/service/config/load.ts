import { open } from 'node:fs/promises';
import { messageOf } from '../../base/errors.js';
import { mistakesInConfig, type DaemonConfig } from './config.js';
import { readSource } from './source.js';

/** A configuration, or everything that is wrong with it: one line each, with its place in the file. */
export type Loaded = { readonly config: DaemonConfig } | { readonly mistakes: readonly string[] };

const MAX_BYTES = 1024 * 1024;

/** Reads a configuration file. Never rejects. */
export async function loadConfig(path: string): Promise<Loaded> {
  try {
    return await parseConfig(await readText(path), path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const advice = code === 'ENOENT' ? '; write one, of which `{}` is the shortest' : '';
    return { mistakes: [`The configuration ${path} cannot be read: ${messageOf(error)}${advice}`] };
  }
}

/** Reads the text of a configuration. `path` is for the lines that say what is wrong. */
export async function parseConfig(text: string, path: string): Promise<Loaded> {
  const source = await readSource(text);
  if ('sentence' in source) {
    return { mistakes: [`${path}:${source.line}:${source.column}: ${source.sentence}`] };
  }
  const found = [...source.twice, ...mistakesInConfig(source.value)].map(({ place, sentence }) => ({
    ...source.positionOf(place),
    sentence,
  }));
  if (found.length === 0) return { config: source.value as DaemonConfig };
  found.sort((a, b) => a.line - b.line || a.column - b.column);
  return { mistakes: found.map(({ line, column, sentence }) => `${path}:${line}:${column}: ${sentence}`) };
}

async function readText(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    if (size > MAX_BYTES) throw new Error(`it has ${size} bytes (limit ${MAX_BYTES})`);
    return new TextDecoder('utf-8', { fatal: true }).decode(await file.readFile());
  } finally {
    await file.close();
  }
}
