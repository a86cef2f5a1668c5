/** One requirement of a port, as a test for any test runner. */
export interface ConformanceCase {
  /** The requirement, as a sentence. */
  readonly name: string;
  /** Rejects with an `Error` whose message says how the requirement was violated. */
  run(): Promise<void>;
}

/** Creates a new adapter for each case. */
export type Make<Adapter> = () => Adapter | Promise<Adapter>;

/** Returns one case per requirement. Each runs on a new adapter, which is closed afterwards. */
export function conformance<Adapter>(
  make: Make<Adapter>,
  requirements: Readonly<Record<string, (adapter: Adapter) => void | Promise<void>>>,
): ConformanceCase[] {
  return Object.entries(requirements).map(([name, test]) => ({
    name,
    async run() {
      const adapter = await make();
      try {
        await test(adapter);
      } finally {
        await (adapter as { close?: () => unknown }).close?.();
      }
    },
  }));
}

/** Throws an error with the sentence unless the condition holds. */
export function insist(holds: boolean, sentence: string): asserts holds {
  if (!holds) throw new Error(sentence);
}

/** Throws for the first rule that does not hold, with what was returned. */
export function insistOnAll(
  about: string,
  rules: readonly (readonly [holds: boolean, returned: string])[],
): void {
  for (const [holds, returned] of rules) insist(holds, `${about} returned ${returned}`);
}

/** Runs work that must not throw or reject. */
export async function mustNotFail<T>(what: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new Error(`${what} must not fail, and failed with: ${format(cause)}`, { cause });
  }
}

/** Returns the reason with which work rejects; fails if it does not. */
export async function rejectionOf(what: string, work: () => unknown): Promise<unknown> {
  try {
    await work();
  } catch (reason) {
    return reason;
  }
  throw new Error(`${what} must reject, and did not`);
}

/** Waits for work; fails if it takes too long. */
export async function mustEnd<T>(what: string, work: Promise<T>, limitMs = 2_000): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not end within ${limitMs} ms`)), limitMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Formats a value for a sentence. */
export function format(value: unknown): string {
  if (value instanceof Error) return value.message;
  if (typeof value === 'object' && value !== null) return JSON.stringify(value) ?? 'an object';
  return typeof value === 'string' ? `"${value}"` : String(value);
}

export const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
export const isList = (value: unknown): boolean => Array.isArray(value);
