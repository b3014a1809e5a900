import type { Libp2p } from '@libp2p/interface';

import { serveTasks } from '../task-process/serve-tasks.ts';
import { receiveBare, serveBare } from './bare-socket.ts';
import { encrypterOf } from './encrypters.ts';
import { planeHost, receive, serve } from './plane-host.ts';
import type { PlaneTasks } from './plane-protocol.ts';

let host: Libp2p | undefined;

serveTasks<PlaneTasks>({
  listen: async ({ setting }) => {
    host = await planeHost(setting);
    return { address: await serve(host, setting) };
  },
  listenBare: async ({ messageBytes }) => ({ port: await serveBare(messageBytes) }),
  receive: async ({ setting, address, bytes }) => {
    host = await planeHost(setting);
    return await receive(host, address, bytes);
  },
  receiveBare: async ({ port, bytes }) => await receiveBare(port, bytes),
  spent: async () => {
    const { user, system } = process.cpuUsage();
    // In kilobytes, whatever the platform.
    const { maxRSS } = process.resourceUsage();
    return { cpuSeconds: (user + system) / 1e6, peakMemoryMb: (maxRSS * 1_024) / 1e6 };
  },
  has: async ({ encrypter }) => ({ present: (await encrypterOf(encrypter)) !== undefined }),
  stop: async () => {
    await host?.stop();
    host = undefined;
    return {};
  },
});
