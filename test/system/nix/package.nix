# What nix/package.nix and flake.nix ask of nixpkgs, which has no `npmRegistry`.
{
  npmRegistry,
}:
let
  lib = import ./lib.nix;
  importNpmLock = {
    __functor = _: arguments: arguments;
    npmConfigHook = "hook";
  };
  callPackage =
    file: arguments:
    let
      found = {
        inherit lib importNpmLock;
        buildNpmPackage = attributes: attributes;
        nodejs = "nodejs";
        runCommand = name: _attributes: script: { inherit name script; };
      };
      made = import file (found // arguments);
    in
    made // { override = others: callPackage file (arguments // others); };
  flake = (import ../../../flake.nix).outputs {
    self = flake;
    nixpkgs = {
      inherit lib;
      legacyPackages = lib.genAttrs [
        "x86_64-linux"
        "aarch64-linux"
      ] (_: { inherit callPackage; });
    };
  };
  default = flake.packages.x86_64-linux.default;
  package = if npmRegistry == "" then default else default.override { inherit npmRegistry; };
in
{
  inherit (package)
    pname
    version
    src
    meta
    npmDeps
    ;
  other = flake.packages.aarch64-linux.default.pname;
  module = toString flake.nixosModules.default;
  overlay = (flake.overlays.default { inherit callPackage; } { }).luminous-healing.pname;
}
