/** One command of a person. */
export interface OperatorCommand {
  /** When it was given, in steady time. */
  readonly at: number;
  readonly command: 'pause' | 'resume' | 'approve' | 'reject' | 'reset';
  /** The reason, the id or the component. */
  readonly of: string;
  /** Who gave it: `uid 1000`, `dashboard token`, `the host program`. */
  readonly by: string;
}

/** Who gives a command. */
export interface CommandOptions {
  /** Who asks for it, 1 to 100 characters. Kept in the state and shown with the command. Default: `the host program`. */
  readonly by?: string | undefined;
}

/** Returns the command with which a person approves on the host. */
export const commandFor = (id: string): string => `luminous-healing approve ${id}`;
