export declare const DOORS: readonly string[];
