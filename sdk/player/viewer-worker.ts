import { EngineHost } from './link/engine-host.ts';
import type { EnginePort } from './link/engine-messages.ts';

/** Serves one view over a port. */
export function serveEngine(port: EnginePort): void {
  new EngineHost(port).start();
}

// As a worker it serves whoever started it. A page that may start none imports this module and calls `serveEngine`.
if (typeof document === 'undefined') {
  serveEngine({
    postMessage: (message, transfer) => self.postMessage(message, { transfer }),
    addEventListener: (type, listener) => self.addEventListener(type, listener),
  });
}
