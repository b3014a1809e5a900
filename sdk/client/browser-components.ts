import { pureSecp256k1 } from '../protocol/signature.ts';
import { systemClock } from '../pacing/clock.ts';
import { FetchExchange } from './fetch-exchange.ts';
import type { FetchComponents } from './fetch-session.ts';
import { HttpBlockSource } from './http-block-source.ts';
import { webSha256 } from './web-sha256.ts';

const http = new FetchExchange();

/** What a browser gives a fetch: the parts that the command line takes from Node. */
export const BROWSER_COMPONENTS: FetchComponents = {
  http,
  clock: systemClock,
  sha256: webSha256,
  secp256k1: pureSecp256k1,
  openSource: ({ origin }) =>
    origin === undefined ? undefined : new HttpBlockSource(http, origin, { paymentIn: 'address' }),
};
