import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';
import fastify, { type FastifyInstance } from 'fastify';

import { addResponseHeaders } from '../../../marketplace/api/response-headers.ts';
import { pageRoutes, seeksPage, sendPage } from '../../../marketplace/web-pages/page-routes.ts';
import { playerRoutes } from '../../../marketplace/web-pages/player-routes.ts';

describe('pages that the marketplace serves', () => {
  let folder: string;
  let app: FastifyInstance;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bcdn-pages-'));
    await mkdir(join(folder, 'web/assets'), { recursive: true });
    await mkdir(join(folder, 'player'));
    await writeFile(join(folder, 'secret.txt'), 'secret');
    await writeFile(join(folder, 'web/index.html'), '<!doctype html><title>bcdn</title>');
    await writeFile(join(folder, 'web/assets/main-1a2b.js'), 'export {};');
    await writeFile(join(folder, 'player/embed.js'), 'export {};');
    app = fastify({ logger: false });
    addResponseHeaders(app);
    app.setNotFoundHandler((request, reply) =>
      seeksPage(request) ? sendPage(reply.code(404)) : reply.code(404).send({ error: {} }),
    );
    await pageRoutes(app, join(folder, 'web'));
    await playerRoutes(app, join(folder, 'player'));
  });

  after(async () => {
    await app.close();
    await rm(folder, { recursive: true });
  });

  const get = (url: string) => app.inject({ method: 'GET', url });

  it('answer every path that the pages route themselves with the same document', async () => {
    for (const url of [
      '/',
      '/watch/bafy/film.webm',
      '/new',
      '/distributions/0x12',
      '/explore',
      '/explore/nodes/0x1',
      '/operate',
    ]) {
      const answer = await get(url);
      expect(answer.statusCode, url).to.equal(200);
      expect(answer.body).to.contain('<title>bcdn</title>');
      expect(answer.headers['cache-control']).to.equal('no-cache');
    }
    expect((await get('/nothing')).statusCode).to.equal(404);
  });

  it('answer a browser that looks for a page that is none with a page, and a program with JSON', async () => {
    const browser = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
    const ask = async (url: string, headers: Record<string, string> = {}) => {
      const { statusCode, headers: answered } = await app.inject({ method: 'GET', url, headers });
      return [statusCode, String(answered['content-type']).split(';')[0]];
    };
    for (const url of ['/nosuch', '/nodes/0x12', '/v1things', '/explored'])
      expect(await ask(url, browser), url).to.deep.equal([404, 'text/html']);
    for (const url of ['/v1/nosuch', '/v1', '/player/nosuch.js', '/assets/nosuch.js'])
      expect(await ask(url, browser), url).to.deep.equal([404, 'application/json']);
    for (const accept of ['*/*', 'application/json', ''])
      expect(await ask('/nosuch', { accept }), accept).to.deep.equal([404, 'application/json']);
    const { statusCode } = await app.inject({ method: 'POST', url: '/nosuch', headers: browser });
    expect(statusCode).to.equal(404);
    const { headers } = await app.inject({ method: 'GET', url: '/nosuch', headers: browser });
    expect(headers['content-security-policy']).to.contain("script-src 'self'");
  });

  it('run nothing but their own scripts, nothing inline, and are in no frame', async () => {
    const policy = String((await get('/')).headers['content-security-policy']);
    const directives = new Map(policy.split('; ').map((one) => [one.split(' ')[0], one]));
    expect(directives.get('default-src')).to.equal("default-src 'none'");
    expect(directives.get('script-src')).to.equal("script-src 'self'");
    expect(directives.get('style-src')).to.equal("style-src 'self'");
    expect(directives.get('frame-ancestors')).to.equal("frame-ancestors 'none'");
    expect(policy).to.not.match(/unsafe|\*/);
  });

  it('let browsers keep what carries the hash of its content in its name', async () => {
    const asset = await get('/assets/main-1a2b.js');
    expect(asset.headers['cache-control']).to.equal('public, max-age=31536000, immutable');
    expect(asset.headers['x-content-type-options']).to.equal('nosniff');
  });

  it('give nothing outside of their folders', async () => {
    for (const url of [
      '/../secret.txt',
      '/..%2fsecret.txt',
      '/assets/..%2f..%2fsecret.txt',
      '/player/%2e%2e/secret.txt',
    ]) {
      const answer = await get(url);
      expect(answer.statusCode, url).to.be.within(400, 404);
      expect(answer.body).to.not.equal('secret');
    }
  });

  it('let pages of other origins load the player, under a policy of its own', async () => {
    const { headers, statusCode } = await get('/player/embed.js');
    expect(statusCode).to.equal(200);
    expect(headers).to.include({
      'access-control-allow-origin': '*',
      'cross-origin-resource-policy': 'cross-origin',
    });
    expect(headers['content-security-policy']).to.contain("default-src 'none'");
  });
});
