/** One operator command. */
export interface OperatorCommand {
  /** Steady time of the command. */
  readonly at: number;
  readonly command: 'pause' | 'resume' | 'approve' | 'reject' | 'reset';
  /** Reason, approval id or component. */
  readonly of: string;
  /** Its author: `uid 1000`, `dashboard token`, `the host program`. */
  readonly by: string;
}

/** Options of operator commands. */
export interface CommandOptions {
  /** Author of the command, 1 to 100 characters; stored and shown with it. Default: `the host program`. */
  readonly by?: string | undefined;
}

/** Returns the shell command that approves a plan on the host. */
export const commandFor = (id: string): string => `luminous-healing approve ${id}`;
