import { CarWriter } from '@ipld/car';
import { headerLength } from '@ipld/car/buffer-writer';
import type { CID } from 'multiformats/cid';
import { varint } from 'multiformats';

import type { ByteSpan } from '../../core/http-semantics/byte-ranges.ts';
import { evaluateConditions } from '../../core/http-semantics/conditions.ts';
import { carContentType, type CarForm } from '../../core/http-semantics/content-form.ts';
import { resolveEntityBytes } from '../../core/http-semantics/entity-bytes.ts';
import { encodedPath } from '../../core/http-semantics/path-segments.ts';
import { BodyWriter } from './body-writer.ts';
import { carBlocks, type CarBlock } from './car-walk.ts';
import { contentHeaders, contentLocation } from './content-headers.ts';
import { writeHead } from './exchange.ts';
import type { ResolvedPath } from './path-resolution.ts';
import { preconditionFailed, varyingHeaders, type ContentExchange } from './representation.ts';

/** A CAR as a path and a form name it. */
export interface NamedCar {
  readonly root: CID;
  readonly segments: readonly string[];
  readonly path: ResolvedPath;
  readonly form: CarForm;
}

/** What sending a CAR will take. */
interface CarCost {
  /** Sum of the blocks: what a grant pays. */
  readonly blockBytes: number;
  /** Length of the CAR: what counts against a free allowance. */
  readonly carBytes: number;
}

/**
 * GET|HEAD /ipfs/<cid>[/path]?format=car: a stream of blocks that proves itself (trustless gateway
 * specification). Where bytes are rationed, its length is found out first, from the sizes of the blocks and
 * without reading leaves; so a CAR that cannot be paid is refused before it begins.
 * @throws GatewayError PRECONDITION_FAILED, CAR_TOO_LONG, CONTENT_DAMAGED; HttpRequestError ENTITY_BYTES_OUTSIDE;
 *   DeliveryError; what reading blocks throws
 */
export async function serveCar(content: ContentExchange, car: NamedCar): Promise<void> {
  const { exchange, desk, open, options } = content;
  const span = spanOf(car);
  const etag = etagOf(car);
  const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = exchange.request.headers;
  const outcome = evaluateConditions({ ifMatch, ifNoneMatch }, etag);
  if (outcome === 'failed') throw preconditionFailed(etag);
  const headers = {
    etag,
    'content-disposition': `attachment; filename="${car.root.toString()}.car"`,
    'accept-ranges': 'none',
    'x-content-type-options': 'nosniff',
    ...contentHeaders(exchange, car.root),
    ...contentLocation(exchange, 'car'),
  };
  if (outcome === 'not-modified' || exchange.headOnly) {
    const type = outcome === 'not-modified' ? {} : { 'content-type': carContentType(car.form) };
    writeHead(exchange, outcome === 'send' ? 200 : 304, { ...headers, ...type, ...varyingHeaders(content) });
    exchange.response.end();
    return;
  }
  const cost = await costOf(content, car, span);
  const bytes = open === undefined ? cost?.carBytes : cost?.blockBytes;
  const leave = await desk.take(exchange, open, bytes ?? 0);
  const writer = new BodyWriter(exchange.response, { timeoutMs: options.slowClientTimeoutMs });
  try {
    if (writer.closed) return;
    writeHead(exchange, 200, {
      'content-type': carContentType(car.form),
      ...(cost === undefined ? {} : { 'content-length': cost.carBytes }),
      ...headers,
      ...varyingHeaders(content),
    });
    const blocks = blocksOf(content, car, span);
    for await (const chunk of carChunks(content, car.root, blocks)) {
      if (!(await writer.write(chunk))) return;
    }
    await writer.finish(new Uint8Array(0));
  } finally {
    // A grant pays for blocks: what frames them is not counted, so a broken CAR is at most what was reserved.
    const { sentBytes, complete } = writer.sent;
    leave.settle({ sentBytes: Math.min(sentBytes, bytes ?? sentBytes), complete });
  }
}

function blocksOf(
  content: ContentExchange,
  car: NamedCar,
  span: ByteSpan | undefined,
): AsyncGenerator<CarBlock> {
  // A range of no bytes shows only the root block, as the specification asks.
  const nothing = car.form.entityBytes !== undefined && span === undefined && car.path.entity.kind === 'file';
  const form = { ...car.form, scope: nothing ? ('block' as const) : car.form.scope, span };
  return carBlocks(car.path, form, (cid) => content.blocks.get(cid));
}

/** The bytes that entity-bytes means; of what is no file it means everything. */
function spanOf({ form, path }: NamedCar): ByteSpan | undefined {
  const { kind, sizeBytes } = path.entity;
  return form.entityBytes === undefined || kind !== 'file'
    ? undefined
    : resolveEntityBytes(form.entityBytes, sizeBytes);
}

/** The same tag for the same bytes: the path and every parameter are in it, the scope first. */
function etagOf({ root, segments, form }: NamedCar): string {
  const { entityBytes, scope, duplicates } = form;
  const range = entityBytes === undefined ? '' : `.${entityBytes.from}:${entityBytes.to ?? '*'}`;
  const path = [root.toString(), encodedPath(segments)].filter((part) => part !== '').join('/');
  return `"${scope}${range}.dfs.${duplicates ? 'y' : 'n'}.${path}.car"`;
}

/** What the CAR will take, or undefined where nothing is rationed; counted no further than can be paid. */
async function costOf(
  content: ContentExchange,
  car: NamedCar,
  span: ByteSpan | undefined,
): Promise<CarCost | undefined> {
  const roomBytes = content.desk.roomFor(content.exchange, content.open);
  if (roomBytes === Infinity) return undefined;
  let blockBytes = 0;
  let carBytes = headerLength({ roots: [car.root] });
  for await (const { cid, bytes } of blocksOf(content, car, span)) {
    const length = bytes?.length ?? (await content.blocks.sizeOf(cid));
    const framed = cid.bytes.length + length;
    blockBytes += length;
    carBytes += varint.encodingLength(framed) + framed;
    if (blockBytes > roomBytes) break;
  }
  return { blockBytes, carBytes };
}

/** The CAR as bytes. A block that cannot be had ends it with an error, so that no one takes it for whole. */
async function* carChunks(
  { blocks }: ContentExchange,
  root: CID,
  wanted: AsyncIterable<CarBlock>,
): AsyncGenerator<Uint8Array> {
  const { writer, out } = CarWriter.create([root]);
  const filling = (async (): Promise<void> => {
    try {
      for await (const { cid, bytes } of wanted)
        await writer.put({ cid, bytes: bytes ?? (await blocks.get(cid)) });
    } finally {
      await writer.close();
    }
  })();
  // What goes wrong is thrown below, after what came before it.
  filling.catch(() => undefined);
  yield* out;
  await filling;
}
