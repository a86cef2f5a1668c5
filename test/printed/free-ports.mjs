// Loaded before a printed program: a fixed port becomes a free one, so that runs do not disturb this machine.
import { Server } from 'node:net';

const { listen } = Server.prototype;
Server.prototype.listen = function (first, ...rest) {
  if (typeof first === 'number') return listen.call(this, 0, ...rest);
  if (typeof first?.port === 'number') return listen.call(this, { ...first, port: 0 }, ...rest);
  return listen.call(this, first, ...rest);
};
