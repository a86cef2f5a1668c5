import { HELPER_SOCKET } from '../../execute/helper-protocol.js';
import { errorTextOf, runProgram } from '../../host/systemd/run-program.js';
import { groupOfRootSocket } from './root-file.js';

/**
 * Refuses a user who may ask the root helper for repairs, such as the daemon's: who asks does not approve. Root may. Rejects
 * also when that cannot be told.
 *
 * @param uid User who connected, as the kernel says.
 * @param helperSocket Socket whose group may ask.
 */
export async function expectPerson(uid: number, helperSocket = HELPER_SOCKET): Promise<void> {
  if (uid === 0) return;
  const asking = groupOfRootSocket(helperSocket);
  // The plus keeps a user whose name is a number from being meant.
  const found = await runProgram('id', ['--groups', '--', `+${uid}`], { timeoutMs: 10_000 });
  if (found.exitStatus !== 0)
    throw new Error(`The groups of the user with uid ${uid} cannot be read: ${errorTextOf(found)}`);
  const groups = found.stdout.trim().split(/\s+/).map(Number);
  if (groups.includes(asking)) {
    throw new Error(
      `The user with uid ${uid} may ask the root helper for repairs (group ${asking} of ${helperSocket}), and so may not approve them: approve as root or as another member of luminous-healing-control`,
    );
  }
}
