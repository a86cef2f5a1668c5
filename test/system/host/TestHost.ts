/** Options of a command that runs inside a test host. */
export interface RunOptions {
  /** Time limit, after which the command is killed and `run` rejects. Default 30 s. */
  readonly timeoutMs?: number;
  /** Added to the environment, which otherwise has only `PATH`, `HOME` and `LANG`. */
  readonly env?: Readonly<Record<string, string>>;
  /** Standard input. Default: empty. */
  readonly input?: string | Uint8Array;
  /** Name of a user inside, whose `HOME` becomes `/home/NAME`; default root. */
  readonly user?: string;
  /** Working folder inside; default `/`. */
  readonly cwd?: string;
  /** Called with each piece of standard error as it is written; the result has all of it. */
  readonly onStderr?: (text: string) => void;
  /** Accepts an exit code other than 0. Default false. */
  readonly allowFailure?: boolean;
}

/** Result of a command. */
export interface RunResult {
  readonly stdout: string;
  readonly stderr: string;
  /** Exit code; 128 + n after signal n. */
  readonly exitCode: number;
}

/** Options of a small file system. */
export interface SmallFileSystemOptions {
  /** Number of inodes of an ext4. Default: that of mkfs. */
  readonly inodes?: number;
  /** Default `ext4`. The other one needs xfsprogs. */
  readonly type?: 'ext4' | 'xfs';
}

/** Small file system inside a test host. */
export interface SmallFileSystem {
  /** Mount point inside. */
  readonly path: string;
  /** Loop device below it, as shown in `/proc/mounts`; it has no node in `/dev` inside. */
  readonly device: string;
}

/** Running Debian with systemd, which tests may break: all its changes are discarded at the end. */
export interface TestHost extends AsyncDisposable {
  /** Unique name of the host. */
  readonly name: string;
  /** Process id, seen from outside, of the first process inside. It changes with a reboot. */
  readonly pid: number;
  /** Root folder of the host, seen from outside. Absolute symbolic links below it lead out of the container. */
  readonly root: string;
  /** Address of the system bus inside, for use from outside. */
  readonly systemBusAddress: string;
  /** Runs a program, never through a shell. Rejects on exit codes other than 0, unless `allowFailure`. */
  run(argv: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** Runs this process's node binary inside; the repository is in `/repo`, read-only. */
  node(args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** Writes a file, with the folders above it. Default mode 0o644. */
  writeFile(path: string, content: string | Uint8Array, mode?: number): Promise<void>;
  readFile(path: string): Promise<string>;
  /** Writes a unit to `/etc/systemd/system` and reloads systemd. */
  writeUnit(name: string, content: string): Promise<void>;
  /**
   * Runs `systemctl` and answers what it printed, trimmed. Rejects on exit codes other than 0, which `is-active` and
   * `status` have for units that are not active: `show --property=ActiveState --value NAME` has not.
   */
  systemctl(...args: readonly string[]): Promise<string>;
  /** Waits until the predicate holds; one that throws does not hold. Rejects after `timeoutMs`, default 10 s. */
  waitFor(description: string, predicate: () => Promise<boolean>, timeoutMs?: number): Promise<void>;
  /**
   * Mounts a new file system on a folder; an ext4 keeps the contents of the folder. Persists over a reboot.
   * Not possible below `/tmp`, `/run` and `/dev`, which are file systems of the container.
   */
  mountSmallFileSystem(
    path: string,
    sizeMiB: number,
    options?: SmallFileSystemOptions,
  ): Promise<SmallFileSystem>;
  /** Shuts down and boots again, with the same files and another boot id. */
  reboot(): Promise<void>;
  /** Last 64 KiB of the console of the container. */
  console(): string;
  /** Stops the host at once: no process, mount or folder remains. May be called twice. */
  close(): Promise<void>;
}
