{
  description = "Detects trouble on a NixOS host, repairs it, and proves the repair";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { self, nixpkgs }:
    let
      forAllSystems = nixpkgs.lib.genAttrs [
        "x86_64-linux"
        "aarch64-linux"
      ];
    in
    {
      # Evaluates as it is, and builds with `.override { npmRegistry = "…"; }`: see docs/nixos.md.
      packages = forAllSystems (system: {
        default = nixpkgs.legacyPackages.${system}.callPackage ./nix/package.nix { };
      });

      overlays.default = final: _prev: {
        luminous-healing = final.callPackage ./nix/package.nix { };
      };

      nixosModules.default = ./nix/module.nix;
    };
}
