/** Where NixOS says what runs and what was booted. */
export const CURRENT_SYSTEM = '/run/current-system';
export const BOOTED_SYSTEM = '/run/booted-system';

/** Where Nix keeps the generations of the system, and the name they have there. */
export const PROFILES = '/nix/var/nix/profiles';
export const PROFILE_NAME = 'system';

/** Where a system keeps its units. */
export const UNITS = 'etc/systemd/system';

/** Where `switch-to-configuration` keeps its lock and its lists. */
export const SWITCH_STATE = '/run/nixos';

/** Where Nix keeps its locks. */
export const NIX_STATE = '/nix/var/nix';
export const NIX_STORE = '/nix/store';
