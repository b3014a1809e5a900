import { existsSync } from 'node:fs';
import { join } from 'node:path';

import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

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

/** Paths of programs and of built files: what is missing there is no page. */
const NO_PAGES = /^\/(v1|player|assets)(\/|$)/;

/** Whether a person looks for a page here: a browser that was given an address asks for HTML, a program for JSON. */
export function seeksPage({ method, url, headers }: FastifyRequest): boolean {
  const asksForHtml = headers.accept?.includes('text/html') === true;
  return (method === 'GET' || method === 'HEAD') && asksForHtml && !NO_PAGES.test(url);
}

/** Sends the document of the pages with the status of the reply; without a build it says how to make one. */
export function sendPage(reply: FastifyReply): FastifyReply {
  return reply.server.hasReplyDecorator('sendFile')
    ? reply.headers(PAGE_HEADERS).sendFile('index.html', { cacheControl: false })
    : reply.type('text/plain').send('The pages are not built yet: npm run build:pages\n');
}

/**
 * Serves the built pages. Without a build there are none, and `/` says how to make one.
 * @param folder of the build. @default dist/web
 */
export async function pageRoutes(app: FastifyInstance, folder: string = BUILT_PAGES): Promise<void> {
  if (existsSync(join(folder, 'index.html'))) {
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
  for (const path of PAGE_PATHS)
    app.get(path, { schema: { hide: true } }, (_request, reply) => sendPage(reply));
}
