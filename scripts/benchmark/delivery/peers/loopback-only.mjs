/** Servers of this process listen on the loopback interface, whatever the package would like. */
import { Server } from 'node:net';

const listen = Server.prototype.listen;

Server.prototype.listen = function listenOnLoopback(port, ...rest) {
  const done = rest.findLast((argument) => typeof argument === 'function');
  return listen.call(this, { port: Number(port ?? 0), host: '127.0.0.1' }, done);
};
