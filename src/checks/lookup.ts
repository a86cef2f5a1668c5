import dns from 'node:dns';
import type { LookupFunction } from 'node:net';
import { TimeLimit } from './deadline.js';
import { CannotTell } from './failure.js';

/** Resolves the names of one probe, and knows whether one is not resolved yet. */
export class Lookups {
  #pending = 0;

  /** For the options of a connection. An address needs no lookup, and none is made. */
  readonly lookup: LookupFunction = (host, options, done) => {
    this.#pending += 1;
    dns.lookup(host, options, (error, addresses, family) => {
      this.#pending -= 1;
      // The family is given for a single address only, and needed then.
      done(error, addresses, family);
    });
  };

  /** Returns the error of a probe. A time limit that passed before a name was resolved is no fault of the server. */
  failure(error: unknown): unknown {
    if (!(error instanceof TimeLimit) || this.#pending === 0) return error;
    return new CannotTell('the name was not resolved in time');
  }
}
