import { existsSync } from 'node:fs';
import { join } from 'node:path';

import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';

/** Where the build puts the embeddable player. */
export const BUILT_PLAYER = join(import.meta.dirname, '../../dist/player');

/**
 * Pages of any origin may load the player. A worker obeys the policy of its own script: blocks come from edges, and the
 * registry decides which hosts those are.
 */
const PLAYER_HEADERS = {
  'access-control-allow-origin': '*',
  'cross-origin-resource-policy': 'cross-origin',
  'content-security-policy': "default-src 'none'; script-src 'self'; connect-src http: https: ws: wss:",
  'cache-control': 'no-cache',
} as const;

/** Serves the built player below `/player/`; without a build there is none. */
export async function playerRoutes(app: FastifyInstance, folder: string = BUILT_PLAYER): Promise<void> {
  if (!existsSync(folder)) return;
  await app.register(fastifyStatic, {
    root: folder,
    prefix: '/player/',
    decorateReply: false,
    wildcard: false,
    index: false,
    preCompressed: true,
    cacheControl: false,
    setHeaders: (reply, path) => {
      reply.headers(PLAYER_HEADERS);
      // The marketplace's own pages lie above the script's folder.
      if (path.includes('/service-worker.js')) reply.header('service-worker-allowed', '/');
      // Names of built assets carry the hash of their content.
      if (path.includes('/assets/')) reply.header('cache-control', 'public, max-age=31536000, immutable');
    },
  });
}
