# `services.luminous-healing`: a plain NixOS module, which needs no flake:
#
#   imports = [ ./self-healing/nix/module.nix ];
#   services.luminous-healing.enable = true;
#   services.luminous-healing.npmRegistry = "…"; # the output of `npm config get registry`
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.services.luminous-healing;
  units = import ./units.nix { inherit lib; };

  nodejs = cfg.package.nodejs or pkgs.nodejs;
  replace = {
    node = "${nodejs}/bin/node";
    package = "${cfg.package}/lib/node_modules/@luminous-nix/self-healing";
  };

  # Of the machine that builds, which may be another one than the host.
  checkingNode = pkgs.buildPackages.nodejs;

  may = action: builtins.elem action cfg.allowedActions;
  isLoopback =
    address:
    address == "localhost" || address == "::1" || builtins.match "127\\.[0-9.]+" address != null;
  served =
    lib.optional cfg.metrics.enable cfg.metrics ++ lib.optional cfg.dashboard.enable cfg.dashboard;
  servedBeyond = builtins.filter ({ address, ... }: !isLoopback address) served;
  tokenCredential = "dashboard-token";
  # The daemon makes this one by itself.
  ownToken = "/var/lib/luminous-healing/dashboard-token";
  isOwnToken = cfg.dashboard.tokenFile == ownToken;

  # Units that a check restarts: whoever writes that lists them.
  healedByChecks = builtins.filter builtins.isString (
    map (check: check.heals or null) (builtins.attrValues cfg.checks)
  );
  # The daemon may reach this machine only, unless a check looks beyond it.
  looksBeyond =
    check:
    let
      host = check.tcp.host or check.tls.host or check.clock.server or null;
      url = check.http.url or null;
    in
    (host != null && !isLoopback host)
    || (url != null && builtins.match "https?://(localhost|127\\.[0-9.]+|\\[::1])([:/?#].*)?" url == null);
  credentials =
    lib.optional (
      cfg.dashboard.tokenFile != null && !isOwnToken
    ) "${tokenCredential}:${toString cfg.dashboard.tokenFile}"
    ++ lib.mapAttrsToList (name: file: "${name}:${toString file}") cfg.credentials;

  namesOf =
    { allowedHosts, publicUrl, ... }:
    lib.optionalAttrs (allowedHosts != [ ]) { inherit allowedHosts; }
    // lib.optionalAttrs (publicUrl != null) { inherit publicUrl; };

  # What the options say, in the words of the configuration file. `settings` has the last word.
  configuration = lib.recursiveUpdate (
    {
      inherit (cfg) interval dryRun allowedActions;
      thresholds = {
        cpuPercent = cfg.thresholds.cpu;
        memoryPercent = cfg.thresholds.memory;
        diskPercent = cfg.thresholds.disk;
      }
      // lib.optionalAttrs (cfg.thresholds.load != null) { loadAverage = cfg.thresholds.load; };
    }
    // lib.optionalAttrs (cfg.services != null) { services = lib.unique (cfg.services ++ healedByChecks); }
    // lib.optionalAttrs (cfg.checks != { }) { inherit (cfg) checks; }
    // lib.optionalAttrs (cfg.protect != [ ]) { inherit (cfg) protect; }
    // lib.optionalAttrs (cfg.mounts.exclude != [ ] || cfg.mounts.levels != { }) {
      mounts = {
        inherit (cfg.mounts) exclude levels;
      };
    }
    // lib.optionalAttrs cfg.allowRollback { nix.allowRollback = true; }
    // lib.optionalAttrs cfg.metrics.enable {
      metrics = {
        host = cfg.metrics.address;
        inherit (cfg.metrics) port;
      }
      // namesOf cfg.metrics;
    }
    // lib.optionalAttrs cfg.dashboard.enable {
      dashboard = {
        host = cfg.dashboard.address;
        inherit (cfg.dashboard) port controls;
      }
      // lib.optionalAttrs (cfg.dashboard.tokenFile != null) {
        tokenFile =
          if isOwnToken then ownToken else "/run/credentials/luminous-healing.service/${tokenCredential}";
      }
      // namesOf cfg.dashboard;
    }
  ) cfg.settings;

  # Some images are built without the program that switches.
  canSwitch = config.system.switch.enable or true;
  rollsBack = configuration.nix.allowRollback or false;
  unknownApprovals = builtins.filter (name: !(builtins.elem name actions)) (builtins.attrNames cfg.approvedBy);

  # What the root helper lets the daemon do, whatever the daemon says.
  policy = {
    version = 1;
    actions = cfg.allowedActions;
    inherit (configuration) thresholds;
    services = if configuration ? services then configuration.services else "failed";
    inherit (cfg) allowApprovals approvedBy;
  }
  // lib.optionalAttrs (configuration ? mounts) { inherit (configuration) mounts; }
  // lib.optionalAttrs (configuration ? protect) { inherit (configuration) protect; }
  // lib.optionalAttrs (configuration ? nix) { inherit (configuration) nix; }
  // lib.optionalAttrs rollsBack { record = configuration.state or "/var/lib/luminous-healing/state.json"; };

  # `/nix/store/…`, or a path that is copied there: everybody may read it.
  isInStore = file: file != null && (builtins.isPath file || lib.hasPrefix "${builtins.storeDir}/" (toString file));
  secretsInStore =
    lib.optional (isInStore cfg.dashboard.tokenFile) "dashboard.tokenFile"
    ++ map (name: "credentials.${name}") (
      builtins.filter (name: isInStore cfg.credentials.${name}) (builtins.attrNames cfg.credentials)
    );

  # Ports that Prometheus and its exporters are configured to take. Exporters are found by their units, because reading
  # the option of one that was renamed prints a warning.
  prometheus = config.services.prometheus or { };
  exporters = builtins.concatMap (
    unit:
    let
      name = builtins.match "prometheus-(.+)-exporter" unit;
    in
    if name == null then [ ] else name
  ) (builtins.attrNames (config.systemd.services or { }));
  takenPorts =
    lib.optional (prometheus.enable or false) {
      option = "services.prometheus.port";
      inherit (prometheus) port;
    }
    ++ map (name: {
      option = "services.prometheus.exporters.${name}.port";
      port = prometheus.exporters.${name}.port or null;
    }) exporters;
  portWarnings =
    name:
    map (
      { option, port }:
      "services.luminous-healing.${name}.port and ${option} are both ${toString port}: set ${name}.port to another port, or only one of the two can start."
    ) (builtins.filter ({ port, ... }: cfg.${name}.enable && port == cfg.${name}.port) takenPorts);

  # What NixOS gives its own `nixos-upgrade.service`. A service has neither NIX_PATH nor HOME by default.
  rebuildEnvironment =
    config.nix.envVars or { }
    // lib.optionalAttrs (config.environment.sessionVariables ? NIX_PATH) {
      inherit (config.environment.sessionVariables) NIX_PATH;
    }
    // {
      HOME = "/root";
    }
    // config.networking.proxy.envVars;
  rebuildPath = [
    config.system.build.nixos-rebuild
    pkgs.coreutils
    pkgs.gnutar
    pkgs.xz.bin
    pkgs.gzip
    pkgs.gitMinimal
    config.programs.ssh.package
  ];

  # The root helper, for repairs or for approvals.
  helperOf =
    file:
    let
      unit = units.serviceOf (./systemd + "/${file}") replace;
      changesSystem = may "rollback_generation" || may "rebuild_system";
    in
    unit
    // {
      path = [ config.nix.package ] ++ lib.optionals (may "rebuild_system") rebuildPath;
      environment = lib.optionalAttrs (may "rebuild_system") rebuildEnvironment // unit.environment;
      serviceConfig =
        unit.serviceConfig
        // {
          # Nothing but what the allowed actions need.
          ReadWritePaths =
            lib.optional (may "clear_system_cache") "-/proc/sys/vm/drop_caches"
            ++ lib.optional (may "set_cpu_governor") "-/sys/devices/system/cpu"
            # The system profile. The switch, which takes a lock, runs in a transient unit.
            ++ lib.optional changesSystem "/nix/var/nix";
        }
        # The record of the daemon is in a folder that only the daemon may enter.
        // lib.optionalAttrs rollsBack { CapabilityBoundingSet = "CAP_DAC_READ_SEARCH"; };
    };

  # A mistake in it fails the build, with the sentence that the daemon would say.
  configFile =
    pkgs.runCommand "luminous-healing-config.json"
      {
        json = builtins.toJSON configuration;
        passAsFile = [ "json" ];
      }
      ''
        ${checkingNode}/bin/node ${replace.package}/dist/service/daemon.js --check --config "$jsonPath"
        cp "$jsonPath" "$out"
      '';

  address = mkOption {
    type = types.str;
    default = "127.0.0.1";
    description = "Where it listens. The default serves this machine only.";
  };
  allowedHosts = mkOption {
    type = types.listOf types.str;
    default = [ ];
    example = [ "ops.example.org" ];
    description = "Further host names, without port, by which it is reached. Requests to other names are refused.";
  };
  publicUrl = mkOption {
    type = types.nullOr types.str;
    default = null;
    example = "https://ops.example.org/healing/";
    description = "The address that visitors open, where a proxy stands in front. See `docs/dashboard.md`.";
  };
  percent =
    default: what:
    mkOption {
      type = types.numbers.between 0 100;
      inherit default;
      description = "Use of ${what} above which it is trouble, in percent.";
    };
  actions = [
    "clean_nix_store"
    "clear_system_cache"
    "set_cpu_governor"
    "restart_service"
    "reload_service"
    "rollback_generation"
    "rebuild_system"
  ];
in
{
  options.services.luminous-healing = {
    enable = lib.mkEnableOption "the daemon that detects trouble on this host, repairs it, and proves the repair";

    npmRegistry = mkOption {
      type = types.nullOr (types.strMatching "https?://.+");
      default = null;
      example = "https://npm.example.org";
      description = ''
        Address of the npm registry from which the default `package` is built: the output of `npm config get registry`.
        The lock file has the hash of each npm package and no address.
      '';
    };

    package = mkOption {
      type = types.package;
      default = pkgs.callPackage ./package.nix { inherit (cfg) npmRegistry; };
      defaultText = lib.literalExpression "pkgs.callPackage ./package.nix { inherit (config.services.luminous-healing) npmRegistry; }";
      description = ''
        The package that has the daemon, the root helper and the control command. One of your own has this library in
        `lib/node_modules/@luminous-nix/self-healing`, and Node as its attribute `nodejs` where that is not `pkgs.nodejs`.
      '';
    };

    interval = mkOption {
      type = types.numbers.between 1 2147483;
      default = 60;
      description = "Seconds from the start of one look at the host to the start of the next.";
    };

    thresholds = {
      cpu = percent 80 "the CPU";
      memory = percent 85 "memory";
      disk = percent 90 "a file system, in bytes or inodes,";
      load = mkOption {
        type = types.nullOr types.numbers.nonnegative;
        default = null;
        description = "Load average above which it is trouble; `null` is twice the number of CPUs.";
      };
    };

    mounts = {
      exclude = mkOption {
        type = types.listOf types.str;
        default = [ ];
        example = [ "/mnt/*" ];
        description = "Mount points that are left out: a path, or the start of one and `*`.";
      };
      levels = mkOption {
        type = types.attrsOf (types.attrsOf types.anything);
        default = { };
        example = {
          "/archive".freeBytes = 1000000000000;
          "/var/log" = {
            percent = 95;
            freeBytes = 5000000000;
          };
        };
        description = ''
          Levels by mount point, in place of `thresholds.disk`: `percent` in use, `freeBytes` that must stay free, or both;
          with both it is too full only above the one and below the other.
        '';
      };
    };

    services = mkOption {
      type = types.nullOr (types.listOf (types.either types.str (types.attrsOf types.anything)));
      default = null;
      example = [
        "nginx"
        {
          unit = "postgresql";
          keepRunning = true;
        }
      ];
      description = ''
        The units to watch and to heal: names, patterns such as `worker@*`, or
        `{ unit, keepRunning, restartForMemory }`. Every other unit that failed is reported.
        `null` watches all, and heals a service that has failed and that another unit wants.
      '';
    };

    checks = mkOption {
      type = types.attrsOf (types.attrsOf types.anything);
      default = { };
      example = {
        web = {
          http.url = "http://127.0.0.1/health";
          heals = "nginx";
        };
      };
      description = ''
        Checks, by name: one kind each (`http`, `tcp`, `process` …) with its options, and beside it `heals`, `every`
        and so on. See `docs/checks.md`. A mistake in one fails the build. A unit in `heals` is added to `services`
        where that is a list.
      '';
    };

    credentials = mkOption {
      type = types.attrsOf types.path;
      default = { };
      example = {
        shop-token = "/run/keys/shop-token";
      };
      description = ''
        Files outside the Nix store with secrets for checks, by name. systemd reads them as root; a check names one as
        `{ file = "/run/credentials/luminous-healing.service/NAME"; }`.
      '';
    };

    protect = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "database-*" ];
      description = "Units that are never acted on, besides those that never are: names, or prefixes ending in `*`.";
    };

    allowedActions = mkOption {
      type = types.listOf (types.enum actions);
      default = builtins.filter (action: action != "rebuild_system") actions;
      defaultText = lib.literalMD "all but `rebuild_system`";
      description = "What may be done to this host. The daemon and the root helper both keep to it.";
    };

    allowApprovals = mkOption {
      type = types.bool;
      default = false;
      description = ''
        Whether the root helper believes the daemon that somebody approved a plan, on the dashboard or in another way.
        Otherwise only `luminous-healing approve ID` on this host counts, by root or a member of
        `luminous-healing-control`.
      '';
    };

    approvedBy = mkOption {
      type = types.attrsOf (
        types.enum [
          "person"
          "daemon"
        ]
      );
      default = { };
      example = {
        restart_service = "person";
      };
      description = ''
        Who approves an action when `allowApprovals` is set: a `person` on this host, or the `daemon` by its word. The
        default is `person` for `rollback_generation` and `rebuild_system`, and `daemon` for the others.
      '';
    };

    allowRollback = mkOption {
      type = types.bool;
      default = false;
      description = "Whether it may go back to the generation before by itself, on evidence. Otherwise it asks.";
    };

    dryRun = mkOption {
      type = types.bool;
      default = false;
      description = "Whether it only says what it would do.";
    };

    metrics = {
      enable = mkOption {
        type = types.bool;
        default = true;
        description = "Whether metrics are served to Prometheus.";
      };
      inherit address allowedHosts publicUrl;
      port = mkOption {
        type = types.port;
        default = 9090;
        description = "Port of the metrics. It is Prometheus's own, too: choose another where that runs.";
      };
    };

    dashboard = {
      enable = mkOption {
        type = types.bool;
        default = true;
        description = "Whether the dashboard is served.";
      };
      inherit address allowedHosts publicUrl;
      port = mkOption {
        type = types.port;
        default = 8080;
        description = "Port of the dashboard.";
      };
      tokenFile = mkOption {
        type = types.nullOr types.path;
        default = ownToken;
        example = "/run/keys/luminous-healing-token";
        description = ''
          A file outside the Nix store whose content a visitor must know. The daemon makes the default one when it first
          starts; `luminous-healing dashboard` prints the address with it. Any other is read by systemd as root and
          handed to the daemon. `null`: no token; the page then shows no log lines, and is served on loopback only.
        '';
      };
      controls = mkOption {
        type = types.bool;
        default = false;
        description = "Whether approvals, pauses and resets can be given from the page. Needs `tokenFile`.";
      };
    };

    openFirewall = mkOption {
      type = types.bool;
      default = false;
      description = "Whether the firewall lets others reach the metrics and the dashboard.";
    };

    settings = mkOption {
      type = types.attrsOf types.anything;
      default = { };
      example = {
        guards.budget.hostPerHour = 10;
      };
      description = ''
        Anything else that the configuration file may say, and what it says instead of the options above. See
        `docs/systemd.md`. A mistake in it fails the build.
      '';
    };
  };

  config = lib.mkIf cfg.enable {
    assertions = [
      {
        assertion = cfg.openFirewall -> servedBeyond != [ ];
        message = "services.luminous-healing.openFirewall opens nothing while metrics and dashboard are served on loopback only: set metrics.address or dashboard.address.";
      }
      {
        assertion =
          cfg.dashboard.enable && !isLoopback cfg.dashboard.address -> cfg.dashboard.tokenFile != null;
        message = "services.luminous-healing.dashboard.address is not loopback, which needs dashboard.tokenFile.";
      }
      {
        assertion = cfg.dashboard.enable && cfg.dashboard.controls -> cfg.dashboard.tokenFile != null;
        message = "services.luminous-healing.dashboard.controls needs dashboard.tokenFile.";
      }
      {
        assertion =
          cfg.metrics.enable && cfg.dashboard.enable -> cfg.metrics.port != cfg.dashboard.port;
        message = "services.luminous-healing.metrics.port and dashboard.port are the same.";
      }
      {
        assertion = cfg.allowRollback -> may "rollback_generation";
        message = "services.luminous-healing.allowRollback needs \"rollback_generation\" in allowedActions.";
      }
      {
        assertion = rollsBack -> config.nix.enable;
        message = "services.luminous-healing.allowRollback needs nix.enable.";
      }
      {
        assertion = rollsBack -> canSwitch;
        message = "services.luminous-healing.allowRollback needs system.switch.enable: without it no system has a switch-to-configuration.";
      }
      {
        assertion = may "rebuild_system" -> config.nix.enable && canSwitch;
        message = "services.luminous-healing.allowedActions has \"rebuild_system\", which needs nix.enable and system.switch.enable.";
      }
      {
        assertion = (cfg.package.npmRegistry or "") != null;
        message = "services.luminous-healing.npmRegistry is not set: set it to the output of `npm config get registry`, or set services.luminous-healing.package to a package of your own.";
      }
      {
        assertion = secretsInStore == [ ];
        message = "services.luminous-healing.${builtins.concatStringsSep ", " secretsInStore} would be in the Nix store, which every user may read: give the path of a file outside it, in quotes.";
      }
      {
        assertion = unknownApprovals == [ ];
        message = "services.luminous-healing.approvedBy names ${builtins.concatStringsSep ", " unknownApprovals}, which is no action: use ${builtins.concatStringsSep ", " actions}.";
      }
      {
        assertion = !(configuration ? nix.deleteOlderThan);
        message = "services.luminous-healing.settings.nix.deleteOlderThan has no effect: the daemon is not root, and the root helper deletes no generations. Use nix.gc.automatic and nix.gc.options = \"--delete-older-than 30d\".";
      }
    ];

    warnings =
      lib.optional (cfg.services == null && healedByChecks != [ ]) ''
        services.luminous-healing.services is null, so a check restarts its unit only when that has failed. List your
        units in services to have one that hangs restarted, too.
      ''
      ++ portWarnings "metrics"
      ++ portWarnings "dashboard";

    # `allowed-users` itself would replace its default, which is everybody.
    nix.settings = lib.mkIf (config.nix.enable && may "clean_nix_store") {
      extra-allowed-users = [ "luminous-healing" ];
    };

    environment.systemPackages = [ cfg.package ];
    environment.etc."luminous-healing/config.json".source = configFile;
    environment.etc."luminous-healing/policy.json".text = builtins.toJSON policy;

    users.users.luminous-healing = {
      isSystemUser = true;
      group = "luminous-healing";
      description = "Luminous self-healing";
    };
    # Only the daemon may speak to the root helper; people speak to the daemon.
    users.groups.luminous-healing = { };
    users.groups.luminous-healing-control = { };

    networking.firewall.allowedTCPPorts = lib.mkIf cfg.openFirewall (map ({ port, ... }: port) servedBeyond);

    systemd.services.luminous-healing =
      let
        unit = units.serviceOf ./systemd/luminous-healing.service replace;
      in
      unit
      // {
        path = [ config.nix.package ];
        reloadTriggers = [ configFile ];
        serviceConfig =
          unit.serviceConfig
          // {
            ExecReload = "${pkgs.coreutils}/bin/kill -HUP $MAINPID";
          }
          // lib.optionalAttrs (
            servedBeyond != [ ] || builtins.any looksBeyond (builtins.attrValues cfg.checks)
          ) { IPAddressAllow = "any"; }
          // lib.optionalAttrs (credentials != [ ]) { LoadCredential = credentials; };
      };

    systemd.sockets.luminous-healing-helper = units.socketOf ./systemd/luminous-healing-helper.socket;
    systemd.sockets.luminous-healing-approve = units.socketOf ./systemd/luminous-healing-approve.socket;

    systemd.services."luminous-healing-helper@" = helperOf "luminous-healing-helper@.service";
    # A plan must come out as in the helper that carries it out.
    systemd.services."luminous-healing-approve@" = helperOf "luminous-healing-approve@.service";
  };
}
