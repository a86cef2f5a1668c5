# What nix/package.nix and flake.nix ask of nixpkgs.
let
  lib = import ./lib.nix;
  importNpmLock = {
    __functor = _: arguments: arguments;
    npmConfigHook = "hook";
  };
  callPackage =
    file: arguments:
    import file (
      {
        inherit lib importNpmLock;
        buildNpmPackage = attributes: attributes;
        nodejs = "nodejs";
        npmRegistry = "https://npm.test";
      }
      // arguments
    );
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
  package = flake.packages.x86_64-linux.default;
in
{
  inherit (package)
    pname
    version
    src
    meta
    ;
  inherit (package.npmDeps.packageLock) packages;
  module = toString flake.nixosModules.default;
  overlay = (flake.overlays.default { inherit callPackage; } { }).luminous-healing.pname;
}
