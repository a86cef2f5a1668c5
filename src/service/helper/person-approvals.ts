import { mkdirSync, readdirSync, rmSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFile } from '../../memory/regular-file.js';
import { isNumber, isString, oneOf, shaped } from '../../base/shape.js';
import type { BootTime } from './boot-time.js';
import { expectRootFolder, readRootFileIfThere } from './root-file.js';
import { parseStrictJson } from './strict-json.js';

/** The approval of one exact plan by a person, as the kernel identified that person. */
export interface PersonApproval extends BootTime {
  /** Fingerprint of the plan. */
  readonly digest: string;
  readonly action: string;
  /** User who approved it. */
  readonly uid: number;
}

/** Approvals by persons, kept where only root can write. */
export interface PersonApprovals {
  /** Records an approval; resolves when it is safe on disk. */
  add(approval: PersonApproval): Promise<void>;
  /** Returns the approval of a plan that may still be used, or `undefined`. Throws when it cannot be read. */
  find(digest: string, now: BootTime): PersonApproval | undefined;
  /** Uses an approval up. Throws when somebody else has. */
  take(digest: string): void;
}

/** How long an approval may be used, in milliseconds. */
export const APPROVED_FOR_MS = 15 * 60_000;
/** Approvals at once: a person approves a few. */
const MOST = 64;

const APPROVAL = shaped({
  version: oneOf(1),
  digest: isString,
  action: isString,
  uid: isNumber,
  at: isNumber,
  boot: isString,
  upMs: isNumber,
});

/**
 * Whether an approval may still be used. It ends with the boot in which it was given, so that no clock that can be set
 * counts. Pure.
 */
const isFresh = ({ boot, upMs }: PersonApproval, now: BootTime): boolean =>
  boot === now.boot && upMs <= now.upMs && now.upMs - upMs < APPROVED_FOR_MS;

/** The approvals in a folder, one file each: to remove the file is to use the approval, which succeeds once. */
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

  /** Removes what can no longer be used. */
  function tidy(now: BootTime): number {
    const names = readdirSync(folder);
    const kept = names.filter((name) => {
      try {
        const approval = read(name.replace(/\.json$/, ''));
        if (approval && isFresh(approval, now)) return true;
      } catch {
        // It is no approval, or cannot be read as one.
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
      if (tidy(approval) >= MOST) throw new Error(`${MOST} approvals have not been used yet`);
      await replaceFile(fileOf(approval.digest), `${JSON.stringify({ version: 1, ...approval })}\n`);
    },
    find(digest, now) {
      const approval = read(digest);
      return approval && isFresh(approval, now) ? approval : undefined;
    },
    take: (digest) => unlinkSync(fileOf(digest)),
  };
}
