import type { IncomingMessage } from 'node:http';
import { wholePath, type Answer } from './http/answer.js';
import { printable } from '../base/printable.js';
import type { Health } from './health.js';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (char) => ENTITIES[char] ?? char);

/** The page that leads to the others: no script, no style, nothing from elsewhere. */
export function indexPage(request: IncomingMessage, { status, reasons }: Health): Answer {
  const to = (page: string): string => escapeHtml(linkFrom(request, page));
  const body = [
    '<!doctype html>',
    '<html lang="en">',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width">',
    '<meta name="color-scheme" content="light dark">',
    '<title>Self-healing</title>',
    '<h1>Self-healing</h1>',
    status === 'ok' ? '<p>The engine is at work.</p>' : '<p>The engine is not at work:</p>',
    ...(reasons.length > 0
      ? [`<ul>${reasons.map((reason) => `<li>${escapeHtml(printable(reason))}`).join('')}</ul>`]
      : []),
    `<p><a href="${to('metrics')}">Metrics</a> for Prometheus, <a href="${to('health')}">health</a> as JSON.</p>`,
    '',
  ].join('\n');
  return { status: 200, type: 'text/html; charset=utf-8', body };
}

/** A relative link, right whether or not the path ends with a slash, and never to another host. */
function linkFrom(request: IncomingMessage, page: string): string {
  const last = wholePath(request).split('/').at(-1);
  return last === '' ? `./${page}` : `./${last}/${page}`;
}
