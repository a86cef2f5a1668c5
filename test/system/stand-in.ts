import type { DaemonConfig } from '../../src/service/config/config.js';
import type { Lab } from './lab.js';

/** Unit of nginx in a generation, with these additional options. */
export const nginxUnit = (options = ''): string => `[Unit]
Description=nginx of a generation
After=network.target
[Service]
Type=forking
PIDFile=/run/nginx.pid
ExecStart=/usr/sbin/nginx ${options}
[Install]
WantedBy=multi-user.target
`;

/** A daemon with seconds instead of the minutes and hours of the defaults. */
export const QUICK_DAEMON: DaemonConfig = {
  interval: 0.5,
  services: ['nginx'],
  enabledChecks: ['services', 'system'],
  guards: {
    evidence: { healthyMs: 4_000, withinMs: 60_000, lastGoodMs: 6_000 },
    settleMs: { service: 300, system: 1_000 },
    backoff: { firstMs: 1_000, maxMs: 1_000 },
  },
};

const PROFILE = '/nix/var/nix/profiles/system';

/** Contents of a system. */
export interface SystemParts {
  /** Files below `etc/systemd/system`, by path. */
  readonly units?: Readonly<Record<string, string>>;
  /** Each text is another kernel. */
  readonly kernel?: string;
  /** Duration of its activation, in seconds. */
  readonly slow?: number;
}

/**
 * Stand-in for switch-to-configuration, with the behaviour that an engine can observe: takes the lock, runs the checks,
 * makes itself the default of the boot menu, installs its units, resets failed ones, restarts changed ones, and ends
 * with 1 or 4 if prescribed.
 */
const SWITCH_TO_CONFIGURATION = `#!/bin/sh
out=$(dirname "$(dirname "$(readlink -f "$0")")")
case "$1" in
  check|switch|boot|test|dry-activate|start) ;;
  *) echo "Usage: $0 [check|switch|boot|test|dry-activate]" >&2; exit 1 ;;
esac
mkdir -p /var/lib/stand-in; echo "$1 $out" >> /var/lib/stand-in/asked
# The real one begins with these three, and ends when one of them fails.
mkdir -p /run/nixos || { echo "Error: Failed to create /run/nixos directory" >&2; exit 1; }
chmod 755 /run/nixos || { echo "Error: Failed to set permissions on /run/nixos directory" >&2; exit 1; }
exec 9>>/run/nixos/switch-to-configuration.lock || { echo "Could not open lock" >&2; exit 1; }
flock --exclusive --nonblock 9 || { echo "Could not acquire lock" >&2; exit 11; }
if [ -e /var/lib/stand-in/checks/$1 ]; then
  cat "/var/lib/stand-in/checks/$1" >&2
  echo "Pre-switch checks failed" >&2
  exit 1
fi
[ "$1" = check ] && exit 0
case "$1" in switch|boot)
  if [ -e /var/lib/stand-in/no-boot-loader ]; then
    echo "cp: error writing '/boot/x': No space left on device" >&2
    echo "Failed to install bootloader" >&2
    exit 1
  fi
  echo "$out" > /var/lib/stand-in/default ;;
esac
[ "$1" = dry-activate ] && exit 0
[ "$1" = boot ] && exit 0
echo "$1 $out" >> /var/lib/stand-in/log
old=$(readlink -f /run/current-system || true)
cd "$out/etc/systemd/system"
changed=
for name in $({ ls; ls "$old/etc/systemd/system"; } 2>/dev/null | sort -u); do
  diff -rq "$name" "$old/etc/systemd/system/$name" >/dev/null 2>&1 && continue
  case "$name" in
    *@.service) changed="$changed $(systemctl list-units --plain --no-legend "\${name%.service}*" | cut -d' ' -f1)" ;;
    *.service) changed="$changed $name" ;;
    *.service.d) changed="$changed \${name%.d}" ;;
  esac
done
# At boot systemd starts them by itself, when this has ended.
[ "$1" = start ] && changed=
echo "stopping the following units:$changed" >&2
echo "activating the configuration..." >&2
[ -e "$out/slow" ] && sleep "$(cat "$out/slow")"
for name in $(cd "$old/etc/systemd/system" 2>/dev/null && ls); do rm -rf "/etc/systemd/system/$name"; done
for name in *; do rm -rf "/etc/systemd/system/$name"; cp -r "$name" /etc/systemd/system/; done
ln -sfn "$out" /run/current-system
systemctl daemon-reload
systemctl reset-failed
failed=
for unit in $changed; do systemctl restart "$unit" || failed="$failed $unit"; done
[ -z "$failed" ] || { echo "warning: the following units failed:$failed" >&2; exit 4; }
echo "finished switching to system configuration $out" >&2
`;

/** Does the work of the boot loader and the first boot stage. */
const BOOT = `[Unit]
Before=nginx.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'ln -sfn $(cat /var/lib/stand-in/default) /run/booted-system; exec /run/booted-system/bin/switch-to-configuration start'
[Install]
WantedBy=multi-user.target
`;

/** NixOS systems on a Debian host: real paths in the real store, a real profile, and a stand-in for the switch. */
export class StandIn {
  readonly #lab: Lab;

  constructor(lab: Lab) {
    this.#lab = lab;
  }

  async #said(...argv: string[]): Promise<string> {
    return (await this.#lab.host.run(argv)).stdout.trim();
  }

  /** Builds a system, and returns its store path. */
  async build(name: string, { units = {}, kernel = 'one', slow }: SystemParts): Promise<string> {
    const { host } = this.#lab;
    const folder = `/root/systems/nixos-system-${name}`;
    await host.run(['rm', '-rf', folder]);
    await host.writeFile(`/root/kernels/linux-${kernel}/bzImage`, kernel);
    await host.writeFile(`/root/kernels/linux-${kernel}/modules/modules.dep`, kernel);
    const stored = await this.#said('nix-store', '--add', `/root/kernels/linux-${kernel}`);
    await host.writeFile(`${folder}/bin/switch-to-configuration`, SWITCH_TO_CONFIGURATION, 0o755);
    await host.writeFile(`${folder}/name`, name);
    await host.run(['mkdir', '-p', `${folder}/etc/systemd/system`]);
    await host.run(['ln', '-s', `${stored}/bzImage`, `${folder}/kernel`]);
    await host.run(['ln', '-s', `${stored}/modules`, `${folder}/kernel-modules`]);
    if (slow !== undefined) await host.writeFile(`${folder}/slow`, String(slow));
    for (const [path, text] of Object.entries(units)) {
      await host.writeFile(`${folder}/etc/systemd/system/${path}`, text);
    }
    return this.#said('nix-store', '--add', folder);
  }

  /** Switches like an administrator: creates a generation, and runs its switch. Returns whether it was successful. */
  switching(path: string): string[] {
    return [
      'sh',
      '-c',
      `nix-env -p ${PROFILE} --set ${path} && ${path}/bin/switch-to-configuration switch || true`,
    ];
  }

  async switchTo(path: string): Promise<void> {
    await this.#lab.host.run(this.switching(path));
  }

  /** Boots into a system for the first time: it is the only generation. */
  async begin(path: string): Promise<void> {
    await this.#lab.host.writeUnit('stand-in-boot.service', BOOT);
    await this.#lab.host.systemctl('enable', '--quiet', 'stand-in-boot.service');
    await this.switchTo(path);
    await this.#lab.host.run(['ln', '-sfn', path, '/run/booted-system']);
  }

  /** Store paths of the running system, and of the next one to boot. */
  async now(): Promise<{ readonly running: string; readonly profile: string }> {
    const [running = '', profile = ''] = (
      await this.#said('readlink', '-f', '/run/current-system', PROFILE)
    ).split('\n');
    return { running, profile };
  }

  /** Returns the command that makes a check of the host refuse a switch: name of the check, and its output. */
  refusing(name: string, words: string): string[] {
    const text = `${words}\nPre-switch check '${name}' failed`;
    const script = 'mkdir -p /var/lib/stand-in/checks; echo "$1" > /var/lib/stand-in/checks/switch';
    return ['sh', '-c', script, 'sh', text];
  }

  /** Returns every call of the program, whatever its result, oldest first. */
  async asked(): Promise<string[]> {
    const text = await this.#lab.host.readFile('/var/lib/stand-in/asked').catch(() => '');
    return text.split('\n').filter(Boolean);
  }

  /** Returns every executed switch and test, oldest first. */
  async log(): Promise<string[]> {
    const text = await this.#lab.host.readFile('/var/lib/stand-in/log').catch(() => '');
    return text.split('\n').filter(Boolean);
  }

  /** Makes the host a Debian again. */
  async tidy(): Promise<void> {
    const script = `systemctl disable --quiet stand-in-boot.service
      for name in $(cd /run/current-system/etc/systemd/system 2>/dev/null && ls); do
        systemctl kill --signal=KILL "$name"; rm -rf "/etc/systemd/system/$name"; done
      rm -rf /run/current-system /run/booted-system ${PROFILE} ${PROFILE}-*-link /run/nixos /var/lib/stand-in
      rm -rf /etc/systemd/system/stand-in-boot.service
      systemctl daemon-reload; systemctl reset-failed; systemctl restart nginx; true`;
    await this.#lab.host.run(['sh', '-c', script]);
  }
}
