// In a fresh process: which files V8 compiles for the import of a module, and which of Node's own come with it.
import console from 'node:console';
import { Session } from 'node:inspector';
import process, { argv } from 'node:process';

const session = new Session();
session.connect();
const files = new Set();
session.on('Debugger.scriptParsed', ({ params }) => files.add(params.url));
session.post('Debugger.enable');
files.clear();
const before = new Set(process.moduleLoadList);
await import(argv[2]);
const isPublic = (name) => /^NativeModule (?!internal\/)/.test(name);
console.log(
  JSON.stringify({
    files: [...files].filter((url) => url.startsWith('file:')),
    builtins: process.moduleLoadList
      .filter((name) => !before.has(name) && isPublic(name))
      .map((name) => name.replace('NativeModule ', 'node:')),
  }),
);
session.disconnect();
