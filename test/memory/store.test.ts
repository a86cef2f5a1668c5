import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { fileStore } from '../../src/memory/file-store.js';
import { memoryStore } from '../../src/memory/store.js';
import { storeConformance } from '../../src/testing/index.js';

describe('the conformance suite of stores, for a store in memory', () => {
  it.each(storeConformance(() => memoryStore()))('$name', ({ run }) => run());
});

describe('the conformance suite of stores, for a store in a file', () => {
  let folder: string;
  let made = 0;
  beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'store-'))));
  afterAll(() => rm(folder, { recursive: true }));
  const place = () => join(folder, `place-${made}`, 'state.json');
  const make = () => {
    made += 1;
    return fileStore(place());
  };
  const reopen = () => fileStore(place());
  it.each(storeConformance(make, { reopen, locks: true }))('$name', ({ run }) => run());
});
