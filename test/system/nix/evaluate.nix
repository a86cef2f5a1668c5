# What nix/module.nix makes of options, given as JSON, on a host of which `host` says more, as JSON, too. `config` and
# `pkgs` have what NixOS and nixpkgs have under these names, and no more.
{
  options,
  host ? "{}",
  repository ? toString ../../..,
}:
let
  lib = import ./lib.nix;
  module = import (repository + "/nix/module.nix") {
    inherit config lib pkgs;
  };
  config = lib.recursiveUpdate {
    services.luminous-healing =
      lib.valuesOf "services.luminous-healing" module.options.services.luminous-healing
        (builtins.fromJSON options);
    services.prometheus = {
      enable = false;
      port = 9090;
      exporters = { };
    };
    systemd.services = { };
    nix = {
      enable = true;
      package = "/usr";
      envVars = { };
    };
    environment.sessionVariables.NIX_PATH = [ ];
    networking.proxy.envVars = { };
    programs.ssh.package = "/opt/openssh";
    system.switch.enable = true;
    system.build.nixos-rebuild = "/opt/nixos-rebuild";
  } (builtins.fromJSON host);
  runCommand = name: attributes: script: {
    inherit name script;
    json = attributes.json or null;
  };
  pkgs = {
    inherit runCommand;
    nodejs = "/opt/nodejs";
    # Another one where the host is of another kind than the machine that builds.
    buildPackages.nodejs = "/opt/nodejs-of-the-build";
    coreutils = "/usr";
    gnutar = "/opt/gnutar";
    xz.bin = "/opt/xz";
    gzip = "/opt/gzip";
    gitMinimal = "/opt/git";
    callPackage =
      file: arguments:
      import file (
        {
          inherit lib runCommand;
          nodejs = "/opt/nodejs";
          importNpmLock = {
            __functor = _: _: "/opt/npm-deps";
            npmConfigHook = "hook";
          };
          buildNpmPackage = attributes: attributes.passthru // { outPath = "/opt/package"; };
        }
        // arguments
      );
  };
in
{
  config = lib.settled module.config;
  options = lib.optionsIn "" module.options.services.luminous-healing;
}
