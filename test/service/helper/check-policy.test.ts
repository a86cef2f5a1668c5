import { chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { policyMistake } from '../../../src/service/helper/check-policy.js';

let folder: string;
beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'policy-'))));
afterAll(() => rm(folder, { recursive: true }));
const owner = process.getuid!();

it.each([
  ['a valid policy', '{"version":1,"actions":["restart_service"],"services":"failed"}', undefined],
  ['an unknown key', '{"version":1,"actions":[],"servics":[]}', /policy\.json: Unknown .*`servics`/],
  ['another version', '{"version":2,"actions":[]}', /policy\.json: Expected `version` to be 1/],
  ['an unknown action', '{"version":1,"actions":["restart_servic"]}', /did you mean `restart_service`/],
  ['what is no JSON', '{', /policy\.json: /],
])('--check-policy accepts or refuses %s as the helper does', async (_, text, expected) => {
  const path = join(folder, 'policy.json');
  await writeFile(path, text, { mode: 0o644 });
  const mistake = policyMistake(path, owner);
  if (expected === undefined) expect(mistake).toBeUndefined();
  else expect(mistake).toMatch(expected);
});

it('--check-policy reports a policy that others may write', async () => {
  const path = join(folder, 'open.json');
  await writeFile(path, '{"version":1,"actions":[]}');
  await chmod(path, 0o666);
  expect(policyMistake(path, owner)).toMatch(/open\.json/);
});

it('--check-policy accepts a missing policy', () => {
  expect(policyMistake(join(folder, 'none.json'), owner)).toBeUndefined();
});

it.runIf(owner === 0)('--check-policy reports a policy that does not belong to root', async () => {
  const path = join(folder, 'owned.json');
  await writeFile(path, '{"version":1,"actions":[],"services":[]}', { mode: 0o644 });
  expect(policyMistake(path)).toBeUndefined();
  await chown(path, 1, 1);
  try {
    expect(policyMistake(path)).toContain('belongs to the user with uid 1, not to root');
  } finally {
    await rm(path);
  }
});
