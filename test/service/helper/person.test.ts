import { chown, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectPerson } from '../../../src/service/helper/person.js';

const isRoot = process.getuid?.() === 0;
/** The user `nobody` of Linux hosts, and a user that no host has. */
const [NOBODY, UNKNOWN] = [65_534, 1_234_567];

// Only root can make a socket of root.
describe.runIf(isRoot)('a user who wants to approve a request of the root helper', () => {
  let folder: string;
  let socket: string;
  let server: Server;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'person-'));
    socket = join(folder, 'helper.sock');
    server = createServer().listen(socket);
    await new Promise((resolve) => server.once('listening', resolve));
  });
  afterEach(async () => {
    await new Promise((resolve) => server.close(resolve));
    await rm(folder, { recursive: true });
  });

  it('is refused as a member of the group that may request repairs', async () => {
    await chown(socket, 0, NOBODY);
    await expect(expectPerson(NOBODY, socket)).rejects.toThrow(
      `The user with uid ${NOBODY} may ask the root helper for repairs (group ${NOBODY} of ${socket}), and so may not approve them`,
    );
  });

  it('is accepted outside that group', async () => {
    await chown(socket, 0, 12_345);
    await expect(expectPerson(NOBODY, socket)).resolves.toBeUndefined();
  });

  it('is refused when the groups cannot be read', async () => {
    await expect(expectPerson(UNKNOWN, socket)).rejects.toThrow(
      `The groups of the user with uid ${UNKNOWN} cannot be read: `,
    );
  });

  it('is refused when the socket of the helper is not of root', async () => {
    await chown(socket, NOBODY, 0);
    await expect(expectPerson(NOBODY, socket)).rejects.toThrow('belongs to the user with uid 65534');
  });
});

it('root may approve requests of the root helper, whatever its socket is', async () => {
  await expect(expectPerson(0, '/nowhere/helper.sock')).resolves.toBeUndefined();
});
