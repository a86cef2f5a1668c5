// Runs before a program inside a test host: appends the address of every module that Node loads to LOADED_LOG.
import { appendFileSync } from 'node:fs';
import { register } from 'node:module';

const HOOKS = `
import { appendFileSync } from 'node:fs';
export async function load(url, context, next) {
  appendFileSync(process.env.LOADED_LOG, url + '\\n');
  return next(url, context);
}`;
appendFileSync(process.env.LOADED_LOG, 'began\n');
register(`data:text/javascript,${encodeURIComponent(HOOKS)}`);
