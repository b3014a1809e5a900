import type { CID } from 'multiformats/cid';

import { CAR_TYPE, contentForm, RAW_TYPE, type ContentForm } from '../../core/http-semantics/content-form.ts';
import { contentNames, type ContentNames } from '../../core/http-semantics/path-segments.ts';
import type { FillsBlocks } from './fills-blocks.ts';
import { serveCar, type NamedCar } from './car-route.ts';
import { serveDirectory } from './directory-route.ts';
import { writeHead, type Exchange } from './exchange.ts';
import { FileLayouts } from './file-layouts.ts';
import type { GatewayOptions, ServingComponents } from './gateway-components.ts';
import { GatewayError } from './gateway-error.ts';
import { MAX_CARS } from './gateway-limits.ts';
import type { OpenGrant } from '../delivery-desk/delivery-desk.ts';
import { PathResolution } from './path-resolution.ts';
import { PreparedAnswers, sendPrepared } from './prepared-answers.ts';
import { isPart } from './block-location.ts';
import { serveRawBlock } from './raw-block-route.ts';
import type { ContentExchange } from './representation.ts';
import { RequestBlocks } from './request-blocks.ts';
import { parseCidCached } from './request-parsing.ts';
import { SendingMemory } from './sending-memory.ts';
import type { TransferDesk } from './transfer-desk.ts';
import { serveFile } from './unixfs-file-route.ts';

export const IPFS_PATH = '/ipfs/';
/** The empty identity CID, by which clients find out that this is a trustless gateway. */
const PROBE_CID = 'bafkqaaa';
/** A CARv1 header whose only root is the probe. */
const PROBE_CAR = Buffer.from('19a265726f6f747381d82a450001550000' + '6776657273696f6e01', 'hex');

export interface ContentRouteParts {
  readonly components: Pick<ServingComponents, 'blocks' | 'contents' | 'clock'>;
  readonly options: Pick<GatewayOptions, 'slowClientTimeoutMs'>;
  readonly desk: TransferDesk;
  readonly fill: FillsBlocks;
}

/** GET|HEAD /ipfs/<cid>[/path]: a file, a directory, a block or a CAR, for a grant or for free. */
export class ContentRoute {
  readonly #parts: ContentRouteParts;
  readonly #resolution = new PathResolution();
  /** What requests share. */
  readonly #kept = {
    memory: new SendingMemory(),
    prepared: new PreparedAnswers(),
    layouts: new FileLayouts(),
  };
  #cars = 0;

  constructor(parts: ContentRouteParts) {
    this.#parts = parts;
  }

  /**
   * @throws HttpRequestError; ProtocolError CID_INVALID, CID_UNSUPPORTED; GatewayError PATH_NOT_FOUND,
   *   BLOCK_NOT_FOUND, …; DeliveryError
   */
  async serve(exchange: Exchange): Promise<void> {
    const prepared = this.#kept.prepared.find(exchange);
    if (prepared === undefined) {
      await this.#serveNamed(exchange);
      return;
    }
    const content = await this.#begin(exchange);
    const payable = content.open === undefined || this.#mayServe(content.open, prepared.root);
    if (payable && (await sendPrepared(content, prepared))) return;
    await this.#serveNamed(exchange, content);
  }

  /** @param begun what was begun for the request already */
  async #serveNamed(exchange: Exchange, begun?: ContentExchange): Promise<void> {
    const names = contentNames(exchange.path.slice(IPFS_PATH.length));
    const form = contentForm(exchange.query, exchange.request.headers.accept);
    if (names.cid === PROBE_CID && names.segments.length === 0) {
      answerProbe(exchange, form);
      return;
    }
    const cid = parseCidCached(names.cid);
    if (form.kind === 'raw') {
      if (names.segments.length > 0) throw rawWithPath();
      await serveRawBlock(this.#parts.components, begun ?? (await this.#begin(exchange)), cid);
      return;
    }
    const content = begun ?? (await this.#begin(exchange));
    if (content.open !== undefined && !this.#mayServe(content.open, cid))
      throw wrongContent(cid, content.open);
    const path = await this.#resolution.resolve(cid, names.segments, content.blocks);
    if (form.kind === 'car') {
      await this.#serveCar(content, { root: cid, segments: names.segments, path, form });
      return;
    }
    const { entity } = path;
    if (entity.kind === 'file') {
      if (names.directory && names.segments.length > 0) throw notADirectory(names);
      await serveFile(content, { root: cid, entity, name: names.segments.at(-1) });
    } else if (entity.kind === 'directory') {
      await serveDirectory(content, this.#resolution, { root: cid, names, cid: entity.cid });
    } else throw notAFile(names);
  }

  /** A grant pays for the content of its deal: the path has to begin in it. */
  #mayServe({ grant }: OpenGrant, root: CID): boolean {
    return isPart(this.#parts.components.contents, grant.contentRoot, root);
  }

  async #serveCar(content: ContentExchange, car: NamedCar): Promise<void> {
    if (this.#cars >= MAX_CARS) throw carsBusy();
    this.#cars += 1;
    try {
      await serveCar(content, car);
    } finally {
      this.#cars -= 1;
    }
  }

  async #begin(exchange: Exchange): Promise<ContentExchange> {
    const { components, options, desk } = this.#parts;
    const startedMs = components.clock.nowMs();
    const open = await desk.grantOf(exchange);
    const blocks = new RequestBlocks(this.#parts, exchange, open?.grant.contentRoot);
    if (open !== undefined) blocks.verifyMs = components.clock.nowMs() - startedMs;
    return { ...{ exchange, desk, options, open, blocks }, ...this.#kept };
  }
}

function wrongContent(cid: CID, open: OpenGrant): GatewayError {
  return new GatewayError(403, 'GRANT_WRONG_CONTENT', {
    message: 'The path does not begin in the content that the grant is for.',
    values: { cid: cid.toString(), contentRoot: open.grant.contentRoot },
    remedy: 'Ask the coordinator for a grant of the deal that this content belongs to.',
  });
}

/** What the trustless gateway specification wants for its probe: an empty block, or a CAR without blocks. */
function answerProbe(exchange: Exchange, form: ContentForm): void {
  const body = form.kind === 'car' ? PROBE_CAR : Buffer.alloc(0);
  const type = form.kind === 'car' ? `${CAR_TYPE}; version=1; order=dfs; dups=n` : RAW_TYPE;
  writeHead(exchange, 200, {
    'content-type': type,
    'content-length': body.length,
    'content-disposition': `attachment; filename="${PROBE_CID}.${form.kind === 'car' ? 'car' : 'bin'}"`,
    'x-content-type-options': 'nosniff',
    'x-ipfs-path': exchange.path,
    vary: 'accept',
  });
  exchange.response.end(exchange.headOnly ? undefined : body);
}

function carsBusy(): GatewayError {
  return new GatewayError(503, 'CARS_BUSY', {
    message: 'The node is sending as many CARs as it can.',
    values: { maxCars: MAX_CARS },
    remedy: 'Try again in a few seconds, ask for blocks one by one, or ask another node.',
    headers: { 'retry-after': '5' },
  });
}

function rawWithPath(): GatewayError {
  return new GatewayError(400, 'FORMAT_UNSUPPORTED', {
    message: 'A single block is named by its CID alone.',
    values: { format: 'raw' },
    remedy: 'Leave out the path below the CID, or ask for a CAR with dag-scope=block.',
  });
}

function notAFile({ cid, segments }: ContentNames): GatewayError {
  return new GatewayError(404, 'NOT_A_FILE', {
    message: 'The path names neither a file nor a directory.',
    values: { path: [cid, ...segments].join('/') },
    remedy: 'Use format=raw for the block itself.',
  });
}

function notADirectory({ cid, segments }: ContentNames): GatewayError {
  return new GatewayError(404, 'PATH_NOT_FOUND', {
    message: 'The path ends with a slash, but names a file.',
    values: { path: `${[cid, ...segments].join('/')}/` },
    remedy: 'Leave out the slash at the end.',
  });
}
