import { reasonOf } from '../linux/reason.js';
import { unknown, type Reading } from '../../model/reading.js';

/** Returns a reading; an error that is thrown makes it unknown, with its message. */
export function tried<T>(read: () => Reading<T>): Reading<T> {
  try {
    return read();
  } catch (error) {
    return unknown(reasonOf(error));
  }
}
