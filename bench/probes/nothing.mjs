// What an import costs that imports nothing.
export const createSelfHealingEngine = undefined;
