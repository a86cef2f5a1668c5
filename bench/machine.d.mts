/** Where and when something was measured. */
export function machine(): {
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
  readonly v8: string;
  readonly loadBefore: readonly number[];
};
