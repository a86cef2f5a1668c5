# Makes NixOS units of the plain unit files in ./systemd, so that there is nothing to keep equal.
{ lib }:
let
  inherit (builtins)
    elemAt
    filter
    foldl'
    isString
    listToAttrs
    match
    readFile
    removeAttrs
    split
    ;

  linesOf = text: filter isString (split "\n" text);
  wordsOf = text: filter (word: isString word && word != "") (split " +" text);

  # A key that stands several times becomes a list.
  add =
    section: key: value:
    section // { ${key} = if section ? ${key} then lib.toList section.${key} ++ [ value ] else value; };

  readLine =
    state: line:
    let
      header = match "\\[([A-Za-z]+)]" line;
      setting = match "([A-Za-z-]+)=(.*)" line;
      key = elemAt setting 0;
      name = elemAt header 0;
    in
    if header != null then
      {
        sections = {
          ${name} = { };
        }
        // state.sections;
        current = name;
      }
    else if setting != null then
      state
      // {
        sections = state.sections // {
          ${state.current} = add state.sections.${state.current} key (elemAt setting 1);
        };
      }
    else
      state;

  # `{ Unit, Service, Socket, Install }`, as they stand in the file.
  sectionsOf =
    file:
    {
      Unit = { };
      Install = { };
    }
    // (foldl' readLine {
      sections = { };
      current = null;
    } (linesOf (readFile file))).sections;

  # NixOS has options of its own for what joins units, and adds to them.
  unitOf =
    { Unit, Install, ... }:
    let
      listed = key: wordsOf (Unit.${key} or "");
    in
    {
      description = Unit.Description;
      after = listed "After";
      wants = listed "Wants";
      requires = listed "Requires";
      wantedBy = wordsOf (Install.WantedBy or "");
      unitConfig = removeAttrs Unit [
        "Description"
        "After"
        "Wants"
        "Requires"
      ];
    };

  # `NAME=value` lines, without PATH: that is made of packages here.
  environmentOf =
    lines:
    removeAttrs (listToAttrs (
      map (
        line:
        let
          parts = match "([A-Za-z_]+)=(.*)" line;
        in
        {
          name = elemAt parts 0;
          value = elemAt parts 1;
        }
      ) (lib.toList lines)
    )) [ "PATH" ];
in
{
  inherit sectionsOf;

  # A value of `systemd.services.NAME`; `replace` has what stands for `@node@` and the like.
  serviceOf =
    file: replace:
    let
      sections = sectionsOf file;
      names = builtins.attrNames replace;
      fill = builtins.replaceStrings (map (name: "@${name}@") names) (map (name: replace.${name}) names);
    in
    unitOf sections
    // {
      environment = environmentOf (sections.Service.Environment or [ ]);
      serviceConfig = removeAttrs sections.Service [ "Environment" ] // {
        ExecStart = fill sections.Service.ExecStart;
      };
    };

  # A value of `systemd.sockets.NAME`.
  socketOf =
    file:
    let
      sections = sectionsOf file;
    in
    unitOf sections // { socketConfig = sections.Socket; };
}
