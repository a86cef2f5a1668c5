# The package, for `pkgs.callPackage ./package.nix { npmRegistry = "…"; }`.
{
  lib,
  buildNpmPackage,
  importNpmLock,
  nodejs,
  runCommand,
  # Address of the npm registry. The lock file has the hash of each package and no address. Without it the package can
  # be evaluated and not built: `nix flake check` and `nix flake show` do not need it.
  npmRegistry ? null,
}:
let
  root = ../.;
  package = lib.importJSON (root + "/package.json");
  lock = lib.importJSON (root + "/package-lock.json");

  # `node_modules/a/node_modules/@b/c` is the package `@b/c`, in the file `c-VERSION.tgz`.
  addressOf =
    path: entry:
    let
      name = entry.name or (lib.last (lib.splitString "node_modules/" path));
    in
    "${lib.removeSuffix "/" npmRegistry}/${name}/-/${lib.last (lib.splitString "/" name)}-${entry.version}.tgz";

  # Fails the build in one sentence, and not the evaluation.
  noRegistry = runCommand "luminous-healing-needs-an-npm-registry" { } ''
    echo "luminous-healing: set npmRegistry to the output of 'npm config get registry' (on NixOS: services.luminous-healing.npmRegistry)" >&2
    exit 1
  '';
in
buildNpmPackage {
  pname = "luminous-healing";
  inherit (package) version;
  inherit nodejs;

  src = lib.fileset.toSource {
    inherit root;
    fileset = lib.fileset.unions [
      ../package.json
      ../package-lock.json
      ../tsconfig.json
      ../tsconfig.declarations.json
      ../tsup.config.ts
      ../.ci/build
      ../src
      ../nix/systemd
      ../CHANGELOG.md
      ../LICENSE
      ../README.md
    ];
  };

  npmDeps =
    if npmRegistry == null then
      noRegistry
    else
      importNpmLock {
        inherit package;
        packageLock = lock // {
          packages = lib.mapAttrs (
            path: entry:
            entry
            // lib.optionalAttrs (entry ? integrity && !(entry ? resolved)) {
              resolved = addressOf path entry;
            }
          ) lock.packages;
        };
      };
  inherit (importNpmLock) npmConfigHook;

  passthru = { inherit nodejs npmRegistry; };

  meta = {
    inherit (package) description;
    license = lib.licenses.mit;
    mainProgram = "luminous-healing";
    platforms = lib.platforms.linux;
  };
}
