import { existsSync } from 'node:fs';
import { join } from 'node:path';

import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply } from 'fastify';

import { PAGE_HEADERS } from './page-headers.ts';

/** Where `npm start` and the package's build put the pages. */
export const BUILT_PAGES = join(import.meta.dirname, '../../dist/web');

/** Paths that the pages themselves route: each answers with the same document. */
const PAGE_PATHS = [
  '/',
  '/watch/*',
  '/new',
  '/distributions',
  '/distributions/*',
  '/explore',
  '/explore/*',
  '/operate',
] as const;

/**
 * Serves the built pages. Without a build there are none, and `/` says how to make one.
 * @param folder of the build. @default dist/web
 */
export async function pageRoutes(app: FastifyInstance, folder: string = BUILT_PAGES): Promise<void> {
  const isBuilt = existsSync(join(folder, 'index.html'));
  if (isBuilt) {
    await app.register(fastifyStatic, {
      root: folder,
      wildcard: false,
      index: false,
      preCompressed: true,
      cacheControl: false,
      setHeaders: (reply, path) => {
        // A worker obeys the policy of its own script.
        reply.headers(PAGE_HEADERS);
        // Names of built assets carry the hash of their content.
        if (path.includes('/assets/')) reply.header('cache-control', 'public, max-age=31536000, immutable');
      },
    });
  }
  const page = (reply: FastifyReply): FastifyReply =>
    isBuilt
      ? reply.headers(PAGE_HEADERS).sendFile('index.html', { cacheControl: false })
      : reply.type('text/plain').send('The pages are not built yet: npm run build:pages\n');
  for (const path of PAGE_PATHS) app.get(path, { schema: { hide: true } }, (_request, reply) => page(reply));
}
