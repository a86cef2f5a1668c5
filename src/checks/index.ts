/**
 * Ready-made checks: each function returns one that an engine takes in `checks`.
 *
 * @module \@luminous-nix/self-healing/checks
 */
export type { Check, HealFunction, HealingChoice } from '../detect/check.js';
export type { Heals, Issue, IssueType, Severity, Verdict } from '../model/issue.js';
export type { Snapshot, SnapshotPart } from '../model/snapshot.js';
export { clock, type ClockOptions } from './clock.js';
export { command, type CommandOptions } from './command.js';
export { type ContentOptions } from './content.js';
export { directory, type DirectoryOptions } from './directory.js';
export { eventLoop, type EventLoopOptions } from './event-loop.js';
export { file, type FileOptions } from './file.js';
export { type PathOptions } from './file-facts.js';
export { heap, type HeapOptions } from './heap.js';
export { http, type HttpAuth, type HttpOptions } from './http.js';
export { type JsonExpected } from './json-value.js';
export { type CommonOptions } from './make.js';
export { part, type PartAnswer, type PartOptions } from './part.js';
export { pressure, type PressureOptions } from './pressure.js';
export { process, type ProcessOptions } from './process.js';
export { type ProcessChoice } from './process-find.js';
export { type ReadyProtocol } from './ready.js';
export { type Secret } from './secret.js';
export { type TalkOptions } from './socket.js';
export { tcp, type TcpOptions } from './tcp.js';
export { timer, type TimerOptions } from './timer.js';
export { tls, type TlsOptions } from './tls.js';
export { type TlsTrust } from './trust.js';
export { unixSocket, type UnixSocketOptions } from './unix-socket.js';
export { worker, type WorkerOptions } from './worker.js';
