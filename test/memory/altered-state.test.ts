import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { approvalOf, expireApprovals } from '../../src/memory/approvals.js';
import { fileStore } from '../../src/memory/file-store.js';
import { DEFAULT_GUARDS } from '../../src/model/guards.js';
import { Ledger } from '../../src/memory/ledger.js';
import { backoffOf, EMPTY_STATE, FRESH_RECORD, recordOf, type GuardState } from '../../src/memory/state.js';
import { fakeClock, recordingLogger } from '../../src/testing/index.js';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'altered-'));
  file = join(folder, 'state.json');
});
afterEach(() => rm(folder, { recursive: true }));

const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;
const WALL = fakeClock().now();
const DIGEST = 'd'.repeat(64);
/** State in which every guard blocks something. */
const STATE: GuardState = {
  ...EMPTY_STATE,
  savedAt: WALL - MINUTE,
  components: {
    nginx: {
      ...FRESH_RECORD,
      backoff: { restart_service: { count: 3, since: WALL - MINUTE, until: WALL + 8 * MINUTE } },
      ...{ failures: 3, strikes: 3, relapses: 1, breakerUntil: WALL + 30 * MINUTE },
      openings: [WALL - 2 * MINUTE],
      needsHumanSince: WALL - MINUTE,
      fixed: {
        ...{ at: WALL - DAY / 2, action: 'restart_service', check: 'services', bootId: 'b', system: null },
        ...{ gained: null, strikes: 0, probation: false },
      },
    },
  },
  acts: [
    {
      ...{ at: WALL - MINUTE, component: 'nginx', action: 'restart_service', scope: 'host' },
      ...{ outcome: 'failed', words: 'still not healthy' },
    },
  ],
  storm: { since: WALL - 2 * MINUTE, lastFailure: WALL - MINUTE },
  pauses: { backup: WALL - MINUTE },
  approvals: [
    {
      ...{ id: DIGEST.slice(0, 8), digest: DIGEST, component: 'system', action: 'rebuild_system' },
      ...{ reason: 'it changes the system', askedAt: WALL - MINUTE, answer: 'waiting' },
    },
  ],
  intents: [{ at: WALL - MINUTE, component: 'redis', action: 'restart_service', scope: 'host', bootId: 'b' }],
  generations: { running: '/a', systems: {}, lastChange: null, repeat: null },
  undo: [
    {
      ...{ at: WALL - MINUTE, component: 'cpu', action: 'set_cpu_governor', parameters: {} },
      ...{ bootId: 'b', until: WALL + MINUTE },
    },
  ],
};

async function loaded(text: string | Buffer) {
  await writeFile(file, text, { mode: 0o600 });
  const [clock, logger, store] = [fakeClock(), recordingLogger(), fileStore(file)];
  const ledger = new Ledger({ store, clock, logger });
  await ledger.open(false);
  const seen = { ledger, logger, state: ledger.state, now: ledger.now() };
  await ledger.close();
  return seen;
}

/** Effects that no altered state may have: end a wait, close the breaker, block forever, approve. */
function expectGuarded({ state, now }: { readonly state: GuardState; readonly now: number }, name: string) {
  const nginx = recordOf(state, 'nginx');
  const { until = 0 } = backoffOf(nginx, 'restart_service') ?? {};
  const isLost = state.cautious && nginx.breakerUntil !== null;
  expect(isLost || (until > now && nginx.breakerUntil !== null), name).toBe(true);
  for (const wait of [until - now, (nginx.breakerUntil ?? 0) - now])
    expect(wait, name).toBeLessThanOrEqual(DEFAULT_GUARDS.breaker.openMs);
  expect(approvalOf(state, DIGEST)?.answer ?? 'waiting', name).toBe('waiting');
  expect(
    expireApprovals(state, now + DEFAULT_GUARDS.approval.lapseMs, DEFAULT_GUARDS, 0).approvals,
    name,
  ).toEqual([]);
  expect(now >= WALL && now < WALL + DAY, name).toBe(true);
  expect(isLost || Object.keys(state.pauses).length > 0, name).toBe(true);
}

/** Paths of every value, each as the keys that lead to it. */
function pathsOf(value: unknown, path: readonly string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [[...path]];
  const inner = Object.entries(value).flatMap(([key, one]) => pathsOf(one, [...path, key]));
  return path.length === 0 ? inner : [[...path], ...inner];
}

/** The JSON of the state with the text of one value replaced. */
function withText(path: readonly string[], text: string): string {
  const copy = structuredClone(STATE) as unknown as Record<string, never>;
  let holder: Record<string, never> = copy;
  for (const key of path.slice(0, -1)) holder = holder[key]!;
  holder[path.at(-1)!] = '@@' as never;
  return JSON.stringify(copy).replace('"@@"', text);
}

const TEXTS = [
  ...['1e308', '-1e308', '1e999', '-1', '9007199254740993', String(WALL + 3_650 * DAY), '-0.5', '5e-324'],
  ...['"NaN"', '"Infinity"', `"${WALL}"`, 'true', 'null', '[]', '{}', '""', '[[]]', '{"__proto__":{}}'],
];
/** Replacements with values that an engine may have written, which therefore keep their effect. */
const MEANT = [
  'components.nginx.breakerUntil=null',
  'components.nginx.backoff={}',
  'components.nginx.backoff={"__proto__":{}}',
  'components={}',
  'pauses={}',
];

/** Tries one of this number of states; `STATE_PART=1`, as in `.ci/run`, tries all. */
const PART = Number(process.env['STATE_PART'] ?? 20);

describe('a state with one replaced value', () => {
  it('shortens no wait, closes no breaker, and approves nothing, whichever value it is', async () => {
    let variants = 0;
    for (const path of pathsOf(STATE)) {
      for (const text of TEXTS) {
        const name = `${path.join('.')}=${text}`;
        if (MEANT.includes(name)) continue;
        variants += 1;
        if (variants % PART !== 0) continue;
        const seen = await loaded(withText(path, text));
        expectGuarded(seen, name);
        expect(seen.logger.lines.length, name).toBeLessThanOrEqual(1);
      }
    }
    console.info(`${Math.floor(variants / PART)} of ${variants} states with one value replaced`);
    expect(variants).toBeGreaterThan(900);
  }, 120_000);
});

const many = (count: number, entry: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => entry(index)).join(',');
const RECORD = JSON.stringify(FRESH_RECORD);
const json = JSON.stringify(STATE);

describe('a malformed state', () => {
  it.each<[string, string | Buffer]>([
    ['of brackets only', '['.repeat(1_000_000)],
    ['nested too deeply in a field of any type', withText(['undo', '0', 'parameters'], nested(70))],
    ['nested as deeply as allowed in a field of any type', withText(['undo', '0', 'parameters'], nested(40))],
    ['with a byte order mark', `\uFEFF${json}`],
    ['in UTF-16', Buffer.from(json, 'utf16le')],
    ['followed by another state', `${json}\n${json}`],
    ['followed by zero bytes', Buffer.concat([Buffer.from(json), Buffer.alloc(4_096)])],
    ['with an incomplete character', json.replace('backup', '\\ud800')],
    ['with a duplicate key', json.replace('"cautious":false', '"cautious":false,"acts":[],"cautious":true')],
    ['with the prototype as a field', json.replace('{', '{"__proto__":{"cautious":true},')],
    [
      'with prototype names as components',
      json.replace(
        '"components":{',
        `"components":{"__proto__":${RECORD},"constructor":${RECORD},"toString":${RECORD},`,
      ),
    ],
    ['with prototype names as pauses', json.replace('"pauses":{', '"pauses":{"__proto__":5,"toString":5,')],
    [
      'with prototype names as actions',
      json.replace('"backoff":{', '"backoff":{"__proto__":{"count":1,"since":1,"until":1},'),
    ],
    [
      'with 12,000 components before the affected one',
      json.replace('"components":{', `"components":{${many(12_000, (n) => `"c${n}":${RECORD}`)},`),
    ],
    [
      'with 12,000 components after the affected one',
      withText(['components'], `{${componentsOf(json)},${many(12_000, (n) => `"c${n}":${RECORD}`)}}`),
    ],
    [
      'with 300,000 openings, saved in the future',
      withText(['components', 'nginx', 'openings'], `[${many(300_000, () => '5')}]`).replace(
        `"savedAt":${WALL - MINUTE}`,
        `"savedAt":${WALL + 99 * DAY}`,
      ),
    ],
    ['with 200,000 pauses', withText(['pauses'], `{${many(200_000, (n) => `"p${n}":5`)}}`)],
    ['with a pause of 3 MiB', json.replace('backup', 'b'.repeat(3 * 1024 * 1024))],
    ['with a name of 100,000 characters', json.replace('"redis"', `"${'r'.repeat(100_000)}"`)],
    [
      'with an approval of another digest under the same id',
      json.replace(
        '"approvals":[',
        `"approvals":[{"id":"dddddddd","digest":"dddddddd-other","component":"x","action":"x","reason":"","askedAt":1,"answer":"waiting"},`,
      ),
    ],
    ['with an approval of the same digest under another id', json.replace('"id":"dddddddd"', '"id":"a"')],
    ['with an unknown answer', json.replace('"answer":"waiting"', '"answer":"YES"')],
    ['with an answer from the future', yesAt(WALL + DAY)],
    ['with an answer from before the epoch', yesAt(-5)],
    ['larger than 4 MiB', `${json}${' '.repeat(4 * 1024 * 1024)}`],
  ])('%s is either loaded with every guard in force, or set aside', async (name, text) => {
    const seen = await loaded(text);
    expectGuarded(seen, name);
    expect(seen.logger.lines.length).toBeLessThanOrEqual(1);
    expect(({} as Record<string, unknown>)['cautious']).toBeUndefined();
    // The written state can be read again, and only copies that were set aside are left beside it.
    const again = await loaded(await readFile(file));
    expectGuarded(again, name);
    const names = (await readdir(folder)).filter((one) => !/^state\.json(\.unreadable-\d+)?$/.test(one));
    expect(names).toEqual([]);
  });

  it('with more backoffs than the limit allows one attempt at a time', async () => {
    const entries = many(12_000, (n) => `"a${n}":{"count":1,"since":1,"until":1}`);
    const { state } = await loaded(withText(['components', 'nginx', 'backoff'], `{${entries}}`));
    expect(Object.keys(recordOf(state, 'nginx').backoff)).toHaveLength(10_000);
    expect(recordOf(state, 'nginx').breakerUntil).not.toBeNull();
    const closed = withText(['components', 'nginx', 'backoff'], `{${entries}}`).replace(
      `"breakerUntil":${WALL + 30 * MINUTE}`,
      '"breakerUntil":null',
    );
    expect(recordOf((await loaded(closed)).state, 'nginx').breakerUntil).toBe(0);
  });

  it('with repeated or many undos keeps the first of each and at most 100', async () => {
    const undo = JSON.stringify(STATE.undo?.[0]);
    const repeated = await loaded(withText(['undo'], `[${many(5_000, () => undo)}]`));
    expect(repeated.state.undo).toEqual(STATE.undo);
    const other = (n: number) => undo.replace('"cpu"', `"c${n}"`);
    const { state } = await loaded(withText(['undo'], `[${many(5_000, other)}]`));
    expect(state.undo).toHaveLength(100);
  });

  it('with an approval under an id that does not match its digest, or twice, approves nothing', async () => {
    for (const id of ['a', 'dddddddD', '']) {
      const { state } = await loaded(yesAt(WALL - MINUTE).replace('"id":"dddddddd"', `"id":"${id}"`));
      expect(state.approvals, id).toEqual([]);
    }
  });
});

function nested(depth: number): string {
  return `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`;
}
function componentsOf(text: string): string {
  const { components } = JSON.parse(text) as { components: object };
  return JSON.stringify(components).slice(1, -1);
}
function yesAt(askedAt: number): string {
  return json
    .replace('"answer":"waiting"', '"answer":"yes"')
    .replace(`"askedAt":${WALL - MINUTE}`, `"askedAt":${askedAt}`);
}
