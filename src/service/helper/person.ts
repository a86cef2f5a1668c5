import { HELPER_SOCKET } from '../../execute/helper-protocol.js';
import { errorTextOf, runProgram } from '../../host/systemd/run-program.js';
import { groupOfRootSocket } from './root-file.js';

/**
 * Rejects for a user who may request repairs from the root helper, such as the daemon's, because nobody may approve
 * their own request, and when the groups cannot be read. Accepts root.
 *
 * @param uid User who connected, as reported by the kernel.
 * @param helperSocket Socket whose group may request repairs.
 */
export async function expectPerson(uid: number, helperSocket = HELPER_SOCKET): Promise<void> {
  if (uid === 0) return;
  const asking = groupOfRootSocket(helperSocket);
  // The plus makes `id` read the number as a uid, never as a name.
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
