import { spawn, type ChildProcess } from 'node:child_process';
import type { TestHost } from './host/TestHost.js';

const WAYS = {
  fuse: ['3<>/dev/fuse', 'fuse', 'fd=3,rootmode=40000,user_id=0,group_id=0,allow_other'],
  autofs: ['3> >(cat >/dev/null)', 'autofs', 'fd=3,pgrp=$$,minproto=5,maxproto=5,direct'],
} as const;

/** Mounts a file system on a test host that never answers, until the returned process is killed. */
export async function mountSilent(
  host: TestHost,
  type: keyof typeof WAYS,
  path: string,
): Promise<ChildProcess> {
  await host.run(['mkdir', '-p', path]);
  const [open, name, options] = WAYS[type];
  const mount = `nsenter -t ${host.pid} -m mount -i -t ${name} -o ${options} silent ${path}`;
  const child = spawn('bash', ['-c', `exec ${open}; ${mount} && echo mounted; exec sleep 600`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', () => resolve());
    child.on('exit', () => reject(new Error(`${type} could not be mounted`)));
  });
  return child;
}
