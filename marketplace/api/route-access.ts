/**
 * Every route, who may call it, and how often one address may. A route that is missing here keeps the API from starting,
 * so that nobody adds one without answering the question.
 *
 * There are no cookies and no other credentials that a browser adds by itself, so a page of another origin can do nothing in
 * a visitor's name; what changes state is signed by the key that it concerns, or bounded.
 */

/** Calls of one kind share a budget for each address (limits.ts, CALL_RATES). */
export type CallClass =
  /** Whatever is not below: one or a few indexed rows. */
  | 'ordinary'
  /** Adds up or searches many rows. */
  | 'expensive'
  /** Pages of receipts, each verified or decoded. */
  | 'books'
  /** Signs, verifies or writes for the caller. */
  | 'coordinator'
  /** Makes keys that are kept until a deal names them. */
  | 'keys'
  /** Spends the marketplace's own money, or asks the chain in the caller's place; development chains only. */
  | 'development';

export interface RouteAccess {
  /** Who may call it: `anybody`, or whose signature it needs. */
  readonly caller: 'anybody' | 'viewer' | 'publisher' | 'node' | 'peer';
  /** What proves it, or bounds what anybody can do. */
  readonly proof: string;
  readonly rate: CallClass;
}

const reading: RouteAccess = { caller: 'anybody', proof: 'changes nothing', rate: 'ordinary' };
const adding: RouteAccess = { caller: 'anybody', proof: 'changes nothing', rate: 'expensive' };
const books: RouteAccess = {
  caller: 'publisher',
  proof: 'BooksRequest, EIP-712, expires in ten minutes',
  rate: 'books',
};
const signedBy = (caller: RouteAccess['caller'], proof: string): RouteAccess => ({
  caller,
  proof,
  rate: 'coordinator',
});

/** By method and path as they are registered. */
export const ROUTE_ACCESS: Readonly<Record<string, RouteAccess>> = {
  'GET /livez': reading,
  'GET /readyz': reading,
  'GET /metrics': adding,
  'GET /v1/openapi.json': reading,
  'GET /v1/network': reading,
  'GET /v1/nodes': reading,
  'GET /v1/nodes/:address': reading,
  'POST /v1/nodes/:address/presence': signedBy('node', 'NodePresence, EIP-712, five minutes at most'),
  'GET /v1/deals': reading,
  'GET /v1/deals/:dealId': reading,
  'GET /v1/deals/:dealId/delivery': adding,
  'GET /v1/deals/:dealId/money': adding,
  'GET /v1/deals/:dealId/nodes': adding,
  'GET /v1/operators/:address/earnings': adding,
  'GET /v1/content/:cid': reading,
  'GET /v1/transactions/:hash': reading,
  'GET /v1/events': adding,
  'GET /v1/search': adding,
  'GET /v1/batches': adding,
  'GET /v1/batches/:dealId/:node/:epoch': adding,
  'GET /v1/statistics': adding,
  'GET /v1/map': adding,
  'POST /v1/quotes': { caller: 'anybody', proof: 'changes nothing', rate: 'expensive' },
  'POST /v1/deals/:dealId/audience': signedBy('publisher', 'Audience, EIP-712, issuedAt grows'),
  'GET /v1/deals/:dealId/origin': reading,
  'POST /v1/deals/:dealId/origin': signedBy('publisher', 'ContentOrigin, EIP-712, issuedAt grows'),
  'POST /v1/viewers/challenge': signedBy('viewer', 'bounded: nothing is stored'),
  'POST /v1/grants': signedBy('viewer', 'GrantRequest, EIP-712, over a challenge that is good once'),
  'POST /v1/coordinator/keys': {
    ...signedBy('publisher', 'bounded: unused keys are counted, for each network and in all'),
    rate: 'keys',
  },
  'POST /v1/settlements': {
    ...signedBy('node', 'SettlementRequest, EIP-712, ten minutes at most; receipts that viewers signed'),
    rate: 'books',
  },
  'POST /v1/receipts': { ...signedBy('viewer', 'receipts that the viewer signed'), rate: 'books' },
  'POST /v1/peers/holdings': signedBy('peer', 'PeerHolding, EIP-712, five minutes at most'),
  'GET /v1/deals/:dealId/peers': reading,
  'GET /v1/deals/:dealId/peer-root': reading,
  'GET /v1/peers/:address/proofs': adding,
  'GET /v1/deals/:dealId/domains': reading,
  'POST /v1/deals/:dealId/peer-reach': signedBy('publisher', 'PeerReach, EIP-712, issuedAt grows'),
  'GET /v1/earnings/:address': adding,
  'POST /v1/deals/:dealId/books/events': books,
  'POST /v1/deals/:dealId/books/peers': books,
  'POST /v1/deals/:dealId/books/receipts': books,
  'POST /v1/deals/:dealId/books/vouchers': books,
  'POST /v1/development/faucet': {
    caller: 'anybody',
    proof: 'bounded: gifts of an address and in all',
    rate: 'development',
  },
  'POST /v1/development/rpc': {
    caller: 'anybody',
    proof: 'bounded: a list of methods, transactions are signed',
    rate: 'development',
  },
};

/** Access of a registered route; HEAD is asked as GET is, and what is not below `/v1/` is a file of the pages. */
export function accessOf(method: string, path: string): RouteAccess | undefined {
  const isReading = method === 'GET' || method === 'HEAD';
  const listed = ROUTE_ACCESS[`${isReading ? 'GET' : method} ${path}`];
  if (listed !== undefined) return listed;
  return isReading && !path.startsWith('/v1/') ? reading : undefined;
}
