# As much of nixpkgs' lib, and of its module system, as nix/module.nix needs: there is no nixpkgs where the tests run.
# Types are checked; merging of several modules is not there, for there is only one.
let
  inherit (builtins)
    all
    attrNames
    attrValues
    concatMap
    elem
    elemAt
    filter
    hasAttr
    isAttrs
    isBool
    isFloat
    isInt
    isList
    isString
    length
    listToAttrs
    mapAttrs
    toJSON
    ;

  type = name: check: { inherit name check; };
  isNumber = value: isInt value || isFloat value;

  lib = rec {
    toList = value: if isList value then value else [ value ];
    optional = condition: value: if condition then [ value ] else [ ];
    optionals = condition: list: if condition then list else [ ];
    optionalAttrs = condition: set: if condition then set else { };
    inherit mapAttrs;
    mapAttrsToList = make: set: map (name: make name set.${name}) (attrNames set);
    unique = builtins.foldl' (found: one: if elem one found then found else found ++ [ one ]) [ ];
    recursiveUpdate =
      left: right:
      left
      // mapAttrs (
        name: value:
        if isAttrs value && isAttrs (left.${name} or null) then recursiveUpdate left.${name} value else value
      ) right;
    importJSON = file: builtins.fromJSON (builtins.readFile file);
    hasPrefix = prefix: text: builtins.substring 0 (builtins.stringLength prefix) text == prefix;
    removeSuffix =
      suffix: text:
      let
        rest = builtins.stringLength text - builtins.stringLength suffix;
      in
      if rest >= 0 && builtins.substring rest (-1) text == suffix then builtins.substring 0 rest text else text;
    last = list: elemAt list (length list - 1);
    splitString = separator: text: filter isString (builtins.split separator text);
    genAttrs = names: make: listToAttrs (map (name: { inherit name; value = make name; }) names);
    fileset = {
      toSource = { root, fileset }: fileset;
      unions = files: map toString files;
    };
    licenses.mit = "MIT";
    platforms.linux = [ ];

    literalExpression = text: text;
    literalMD = text: text;
    mkIf = condition: content: {
      _type = "if";
      inherit condition content;
    };
    mkOption = option: option // { _type = "option"; };
    mkEnableOption =
      what:
      mkOption {
        type = types.bool;
        default = false;
        description = "Whether to enable ${what}.";
      };

    types = {
      str = type "string" isString;
      strMatching =
        pattern:
        type "string matching the pattern ${pattern}" (
          value: isString value && builtins.match pattern value != null
        );
      bool = type "boolean" isBool;
      port = type "port" (value: isInt value && value >= 0 && value <= 65535);
      path = type "absolute path" (
        value: builtins.isPath value || isString value && builtins.substring 0 1 value == "/"
      );
      package = type "package" (value: isAttrs value || isString value);
      anything = type "anything" (_: true);
      nullOr = inner: type "null or ${inner.name}" (value: value == null || inner.check value);
      listOf = inner: type "list of ${inner.name}" (value: isList value && all inner.check value);
      attrsOf =
        inner: type "attribute set of ${inner.name}" (value: isAttrs value && all inner.check (attrValues value));
      either =
        one: other: type "${one.name} or ${other.name}" (value: one.check value || other.check value);
      enum = words: type "one of ${toJSON words}" (value: elem value words);
      numbers = {
        between =
          low: high:
          type "number from ${toString low} to ${toString high}" (
            value: isNumber value && value >= low && value <= high
          );
        nonnegative = type "number from 0" (value: isNumber value && value >= 0);
      };
    };

    # What the options are, when some are given: each value checked, the others by default.
    valuesOf =
      path: options: given:
      let
        unknown = filter (name: !(hasAttr name options)) (attrNames given);
        valueOf =
          name: option:
          let
            here = "${path}.${name}";
          in
          if option._type or null != "option" then
            valuesOf here option (given.${name} or { })
          else if !(hasAttr name given) then
            option.default or (throw "The option `${here}' is used but not defined")
          else if option.type.check given.${name} then
            given.${name}
          else
            throw "A definition for option `${here}' is not of type `${option.type.name}'";
      in
      if unknown != [ ] then
        throw "The option `${path}.${builtins.head unknown}' does not exist"
      else
        mapAttrs valueOf options;

    # Every option, by its path.
    optionsIn =
      path: options:
      concatMap (
        name:
        let
          option = options.${name};
          here = if path == "" then name else "${path}.${name}";
        in
        if option._type or null == "option" then
          [
            {
              name = here;
              description = option.description or "";
              type = option.type.name or "";
            }
          ]
        else
          optionsIn here option
      ) (attrNames options);

    # A configuration without its `mkIf`s; what does not hold is not there.
    settled =
      value:
      if isList value then
        map settled value
      else if !(isAttrs value) then
        value
      else if value._type or null == "if" then
        if value.condition then settled value.content else { }
      else
        listToAttrs (
          concatMap (
            name:
            let
              inner = value.${name};
              absent = isAttrs inner && inner._type or null == "if" && !inner.condition;
            in
            if absent then [ ] else [ { inherit name; value = settled inner; } ]
          ) (attrNames value)
        );
  };
in
lib
