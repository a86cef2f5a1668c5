/** Activity of a deployment program. */
export interface Deployment {
  /** Program and verb, for messages. */
  readonly words: string;
  /** `true` if it activates another system, now or at the next boot; otherwise it only builds or reads. */
  readonly switches: boolean;
}

/** A program that NixOS wraps has a dot before and `-wrapped` after its name. */
const WRAPPED = /^\.?(.+?)(?:-ng)?(?:-wrapped)?$/;

/** Verbs that activate another system, now or at the next boot. */
const SWITCHING = ['switch', 'boot', 'test', 'rollback'];
const VERBS = [
  ...SWITCHING,
  ...['build', 'build-vm', 'build-vm-with-bootloader', 'build-image', 'dry-build', 'dry-activate', 'dry-run'],
  ...['check', 'edit', 'repl', 'list-generations'],
];

/** Options of `nixos-rebuild` and of Nix that take one value, and those that take two. */
const ONE_VALUE =
  /^(?:--(?:build-host|target-host|flake|profile-name|specialisation|attr|file|max-jobs|cores|builders|log-format|image-variant|include|store-path)|-[pcAIjf])$/;
const TWO_VALUES = /^--(?:option|arg|argstr|override-input)$/;

/** Returns what a program does to the system, by its name and arguments; `undefined` for other programs. */
export function deploymentOf(file: string, args: readonly string[]): Deployment | undefined {
  const name = WRAPPED.exec(file)?.[1] ?? '';
  switch (name) {
    case 'switch-to-configuration':
    case 'nixos-rebuild':
      return byVerb(
        name,
        positional(args).find((word) => VERBS.includes(word)),
      );
    case 'nh':
      // `nh home` changes only a home directory; `nh clean` collects garbage.
      return positional(args)[0] === 'os' ? byVerb('nh os', positional(args)[1]) : undefined;
    case 'activate-rs':
      // Part of deploy-rs on the target host: runs until the deployment is confirmed or rolled back.
      return { words: `deploy-rs ${positional(args)[0] ?? ''}`.trim(), switches: true };
    case 'colmena':
      return colmena(positional(args));
    case 'nixos':
      return nixosCli(args);
    default:
      return undefined;
  }
}

function byVerb(name: string, verb: string | undefined): Deployment {
  return {
    words: verb === undefined ? name : `${name} ${verb}`,
    switches: verb !== undefined && SWITCHING.includes(verb),
  };
}

/** Only `apply-local` certainly changes this host; `apply` builds here for other hosts. */
function colmena([verb]: readonly string[]): Deployment | undefined {
  if (verb === 'apply-local') return { words: 'colmena apply-local', switches: true };
  return verb === 'apply' || verb === 'build' ? { words: `colmena ${verb}`, switches: false } : undefined;
}

/** `nixos apply` switches unless an option says otherwise; so do `nixos generation switch` and `rollback`. */
function nixosCli(args: readonly string[]): Deployment | undefined {
  const [verb, second = ''] = positional(args);
  if (verb === 'apply') {
    const isBuild = args.some((word) => /^--(?:dry|vm|vm-with-bootloader|image|output)$/.test(word));
    const isIdle = args.includes('--no-activate') && args.includes('--no-boot');
    return { words: 'nixos apply', switches: !isBuild && !isIdle };
  }
  if (verb === 'activate') return byVerb('nixos activate', second === '' ? 'switch' : second);
  if (verb === 'generation' && SWITCHING.includes(second)) return byVerb('nixos generation', second);
  return undefined;
}

/** Returns the words that are neither options nor values of options. */
function positional(args: readonly string[]): readonly string[] {
  const words: string[] = [];
  for (let index = 0; index < args.length; index += 1) {
    const word = args[index]!;
    if (ONE_VALUE.test(word)) index += 1;
    else if (TWO_VALUES.test(word)) index += 2;
    else if (word !== '' && !word.startsWith('-')) words.push(word);
  }
  return words;
}
