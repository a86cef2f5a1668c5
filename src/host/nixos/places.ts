/** Links to the running and the booted system. */
export const CURRENT_SYSTEM = '/run/current-system';
export const BOOTED_SYSTEM = '/run/booted-system';

/** Folder and name of the system's generations. */
export const PROFILES = '/nix/var/nix/profiles';
export const PROFILE_NAME = 'system';

/** Folder of a system's units. */
export const UNITS = 'etc/systemd/system';

/** Folder of the lock and the lists of `switch-to-configuration`. */
export const SWITCH_STATE = '/run/nixos';

/** Folder of Nix's locks. */
export const NIX_STATE = '/nix/var/nix';
export const NIX_STORE = '/nix/store';
