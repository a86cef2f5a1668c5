import { mkdirSync, readdirSync, rmSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFile } from '../../memory/regular-file.js';
import { isNumber, isString, oneOf, shaped } from '../../base/shape.js';
import type { BootTime } from './boot-time.js';
import { expectRootFolder, readRootFileIfThere } from './root-file.js';
import { parseStrictJson } from './strict-json.js';

/** The approval of one exact plan by a person, whom the kernel identified. */
export interface PersonApproval extends BootTime {
  readonly digest: string;
  readonly action: string;
  /** User who approved it. */
  readonly uid: number;
}

/** Approvals by persons, in a place that only root can write. */
export interface PersonApprovals {
  /** Records an approval; resolves when it is on disk. */
  add(approval: PersonApproval): Promise<void>;
  /** Returns the approval of a plan that may still be used, or `undefined`. Throws when it cannot be read. */
  find(digest: string, now: BootTime): PersonApproval | undefined;
  /** Uses up an approval. Throws if it was already used. */
  take(digest: string): void;
}

/** Time that an approval is valid, in milliseconds. */
export const APPROVED_FOR_MS = 15 * 60_000;
/** Number of unused approvals at a time. */
const APPROVAL_LIMIT = 64;

const APPROVAL = shaped({
  version: oneOf(1),
  digest: isString,
  action: isString,
  uid: isNumber,
  at: isNumber,
  boot: isString,
  upMs: isNumber,
});

/** Returns whether an approval is still valid. It ends with its boot, so that the wall clock does not count. Pure. */
const isFresh = ({ boot, upMs }: PersonApproval, now: BootTime): boolean =>
  boot === now.boot && upMs <= now.upMs && now.upMs - upMs < APPROVED_FOR_MS;

/** Keeps approvals in a folder, one file each. Removing the file uses up the approval, which succeeds only once. */
export function filePersonApprovals(stateFolder: string, owner = 0): PersonApprovals {
  const folder = join(stateFolder, 'approvals');
  const fileOf = (digest: string): string => join(folder, `${digest}.json`);

  function read(digest: string): PersonApproval | undefined {
    const file = fileOf(digest);
    const bytes = readRootFileIfThere(file, owner);
    if (bytes === undefined) return undefined;
    const value = parseStrictJson(bytes);
    if (!APPROVAL(value) || (value as PersonApproval).digest !== digest)
      throw new Error(`${file} is not as it was written`);
    return value as PersonApproval;
  }

  /** Removes expired and invalid approvals; returns the number of those that remain. */
  function tidy(now: BootTime): number {
    const names = readdirSync(folder);
    const kept = names.filter((name) => {
      try {
        const approval = read(name.replace(/\.json$/, ''));
        if (approval && isFresh(approval, now)) return true;
      } catch {
        // Not a readable approval.
      }
      rmSync(join(folder, name), { force: true });
      return false;
    });
    return kept.length;
  }

  return {
    async add(approval) {
      expectRootFolder(stateFolder, owner);
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      expectRootFolder(folder, owner);
      if (tidy(approval) >= APPROVAL_LIMIT)
        throw new Error(`${APPROVAL_LIMIT} approvals have not been used yet`);
      await replaceFile(fileOf(approval.digest), `${JSON.stringify({ version: 1, ...approval })}\n`);
    },
    find(digest, now) {
      const approval = read(digest);
      return approval && isFresh(approval, now) ? approval : undefined;
    },
    take: (digest) => unlinkSync(fileOf(digest)),
  };
}
