/** Returns whether `dist` was built from the sources as they are now. */
export declare function isFresh(root: string): boolean;
