/** One thing that a port promises, as a test that any test runner can run. */
export interface ConformanceCase {
  /** The promise, as a sentence. */
  readonly name: string;
  /** Rejects with an `Error` that says in a sentence how the promise was broken. */
  run(): Promise<void>;
}

/** Makes a new adapter for each case. */
export type Make<Adapter> = () => Adapter | Promise<Adapter>;

/** The promises of a port: what is promised, and how it is put to the test. */
export type Promises<Adapter> = Readonly<Record<string, (adapter: Adapter) => void | Promise<void>>>;

/** Puts promises to the test, each on an adapter of its own, which is closed afterwards if it can be. */
export function conformance<Adapter>(make: Make<Adapter>, promises: Promises<Adapter>): ConformanceCase[] {
  return Object.entries(promises).map(([name, test]) => ({
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

/** Throws the sentence unless it holds. */
export function insist(holds: boolean, sentence: string): asserts holds {
  if (!holds) throw new Error(sentence);
}

/** Runs something that must not throw or reject. */
export async function mustNotFail<T>(what: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new Error(`${what} must not fail, and failed with: ${describeValue(cause)}`, { cause });
  }
}

/** The reason with which something rejects; fails when it does not. */
export async function rejectionOf(what: string, work: () => unknown): Promise<unknown> {
  try {
    await work();
  } catch (reason) {
    return reason;
  }
  throw new Error(`${what} must reject, and did not`);
}

/** Waits for something that must end; fails when it takes too long. */
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

/** A value in a sentence. */
export function describeValue(value: unknown): string {
  if (value instanceof Error) return value.message;
  if (typeof value === 'object' && value !== null) return JSON.stringify(value) ?? 'an object';
  return typeof value === 'string' ? `"${value}"` : String(value);
}

export const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
export const isList = (value: unknown): boolean => Array.isArray(value);
