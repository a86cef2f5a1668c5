// What an import and a process cost that do nothing.
