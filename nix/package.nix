# The package, for `pkgs.callPackage ./package.nix { }`.
{
  lib,
  buildNpmPackage,
  importNpmLock,
  nodejs,
  # Where npm's packages are, without a slash at the end. The lock file names each by its hash, and no address.
  npmRegistry ? throw "luminous-healing: say where npm's packages are, as `npmRegistry` in an overlay of nixpkgs",
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
    "${npmRegistry}/${name}/-/${lib.last (lib.splitString "/" name)}-${entry.version}.tgz";
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
      ../scripts
      ../src
      ../nix/systemd
      ../CHANGELOG.md
      ../LICENSE
      ../README.md
    ];
  };

  npmDeps = importNpmLock {
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

  passthru = { inherit nodejs; };

  meta = {
    inherit (package) description;
    license = lib.licenses.mit;
    mainProgram = "luminous-healing";
    platforms = lib.platforms.linux;
  };
}
