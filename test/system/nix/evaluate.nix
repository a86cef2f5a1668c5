# What nix/module.nix makes of options, given as JSON.
{
  options,
  repository ? toString ../../..,
}:
let
  lib = import ./lib.nix;
  module = import (repository + "/nix/module.nix") {
    inherit config lib pkgs;
  };
  config = {
    services.luminous-healing =
      lib.valuesOf "services.luminous-healing" module.options.services.luminous-healing
        (builtins.fromJSON options);
    nix = {
      enable = true;
      package = "/usr";
    };
  };
  pkgs = {
    nodejs = "/opt/nodejs";
    coreutils = "/usr";
    callPackage = _file: _arguments: "/opt/package";
    runCommand = name: attributes: script: {
      inherit name script;
      inherit (attributes) json;
    };
  };
in
{
  config = lib.settled module.config;
  options = lib.optionsIn "" module.options.services.luminous-healing;
}
