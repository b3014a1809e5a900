import { z } from 'zod';

import { systemClock, type Clock } from '../../pacing/clock.ts';
import { refusalOf, type Refusal } from '../../client/json-call.ts';
import { contentRootOf } from '../../protocol/content.ts';
import { CONTENT_PATH, UPLOAD_PART_HEADER } from '../../protocol/http.ts';
import type { Address, DealId } from '../../protocol/identifiers.ts';
import { MAX_MISSING_LISTED, MAX_UPLOAD_SLICE_BYTES } from '../../protocol/limits.ts';
import { PublishError } from '../publish-error.ts';
import {
  MAX_PUSH_ANSWER_BYTES,
  MAX_SLICE_ATTEMPTS,
  MAX_SLICE_PAUSE_MS,
  MAX_VAIN_ROUNDS,
  PUSH_RETRY_DELAY_MS,
  SLICES_IN_FLIGHT,
  SLICE_TIMEOUT_MS,
  UPLOAD_AUTHORISATION_SECONDS,
} from '../publish-limits.ts';
import { carHeader, sectionBytes, sectionHead } from './car-sections.ts';
import { fileChanged, type PickedFile } from './picked-files.ts';
import { filesOf, type LeafPlace, type PlannedContent } from './plan-content.ts';
import { uploadHeaders, type UploadAuthority } from './upload-authority.ts';

/** A content on its way to one edge. */
export interface SliceUpload {
  /** Base URL of the edge's HTTP interface. */
  readonly origin: string;
  readonly node: Address;
  readonly dealId: DealId;
  readonly content: PlannedContent;
  /** As they were planned. */
  readonly files: readonly PickedFile[];
  readonly authority: UploadAuthority;
}

export interface SliceOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with the bytes of blocks that the edge holds and those of all blocks. */
  readonly onProgress?: ((storedBytes: number, totalBytes: number) => void) | undefined;
  /** @default the platform's */
  readonly fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined;
  readonly clock?: Clock | undefined;
}

const stateSchema = z.object({
  complete: z.boolean(),
  bytes: z.number().int().min(0),
  missingBlocks: z.number().int().min(0),
  missing: z.array(z.string().regex(/^[0-9a-f]{64}$/)).max(MAX_MISSING_LISTED),
});
type State = z.output<typeof stateSchema>;

/** Refusals that pass: the node's view of the chain lags behind, or it is busy. */
const PASSING_REFUSALS: ReadonlySet<string> = new Set(['UPLOAD_UNKNOWN_DEAL', 'UPLOADS_BUSY']);

/**
 * Uploads a content to an edge in slices, asking first what the edge has: so it can be called again after anything, in any
 * tab, and sends only what is missing (node/adapters/http/SPEC.md, uploads). Bodies are parts of the files themselves, so
 * memory does not grow with them.
 *
 * @throws PublishError PUSH_REFUSED (values: the edge's code), PUSH_FAILED, SOURCE_UNREADABLE; the signal's reason
 */
export async function uploadSlices(upload: SliceUpload, options: SliceOptions = {}): Promise<void> {
  const edge = new EdgeUpload(upload, options);
  const { leaves } = upload.content;
  let leastMissing = Infinity;
  let vainRounds = 0;
  for (;;) {
    const state = await edge.state();
    if (state.complete) return;
    const wanted = state.missing.flatMap((digest) => leaves.get(digest) ?? []);
    const needsSkeleton = state.missing.length === 0 || wanted.length < state.missing.length;
    // A skeleton that was taken makes all leaves missing, which is progress the first time only.
    vainRounds = state.missingBlocks < leastMissing && !needsSkeleton ? 0 : vainRounds + 1;
    leastMissing = Math.min(leastMissing, state.missing.length === 0 ? Infinity : state.missingBlocks);
    if (vainRounds > MAX_VAIN_ROUNDS) throw edge.failed('it takes the content but does not keep it');
    if (needsSkeleton) await edge.sendSkeleton();
    else await edge.sendLeaves(wanted, state.bytes);
  }
}

/**
 * Uploads the inner nodes of a content to an edge, which has the leaves from the origin of its deal. Can be called again after
 * anything.
 *
 * @throws PublishError PUSH_REFUSED (values: the edge's code), PUSH_FAILED; the signal's reason
 */
export async function uploadSkeleton(
  upload: Omit<SliceUpload, 'files'>,
  options: SliceOptions = {},
): Promise<void> {
  const edge = new EdgeUpload({ ...upload, files: [] }, options);
  const { complete } = await edge.state();
  if (!complete) await edge.sendSkeleton();
}

/** A piece of a body: bytes, or a part of a file that the platform reads while it sends. */
type BodyPart = Blob | Uint8Array<ArrayBuffer>;

/** The conversation with one edge. */
class EdgeUpload {
  readonly #upload: SliceUpload;
  readonly #options: SliceOptions;
  readonly #clock: Clock;
  readonly #url: string;
  readonly #files: readonly PickedFile[];

  constructor(upload: SliceUpload, options: SliceOptions) {
    this.#upload = upload;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#url = `${upload.origin}${CONTENT_PATH}${upload.content.root.toString()}`;
    this.#files = upload.files.length === 0 ? [] : filesOf(upload.files);
  }

  async state(): Promise<State> {
    const answer = await this.#call('GET', {});
    const state = stateSchema.safeParse(answer);
    if (!state.success) throw this.failed('it does not say what it has');
    return state.data;
  }

  async sendSkeleton(): Promise<void> {
    const { root, skeleton } = this.#upload.content;
    const parts: BodyPart[] = [bytesOf(carHeader(root))];
    for (const { cid, bytes } of skeleton.values())
      parts.push(sectionHead(cid, bytes.length), bytesOf(bytes));
    await this.#call('PUT', { part: 'skeleton', body: new Blob(parts) });
  }

  /** Sends leaves in the order of the files, some slices at a time. */
  async sendLeaves(leaves: readonly LeafPlace[], storedBytes: number): Promise<void> {
    const { content } = this.#upload;
    const inOrder = leaves.toSorted((a, b) => a.file - b.file || a.offset - b.offset);
    const slices = slicesOf(content, inOrder);
    let stored = storedBytes;
    this.#options.onProgress?.(stored, content.carBytes);
    const send = async (): Promise<void> => {
      for (let slice = slices.shift(); slice !== undefined; slice = slices.shift()) {
        await this.#call('PUT', { part: 'slice', body: this.#bodyOf(slice), files: slice });
        stored += slice.reduce((sum, { bytes }) => sum + bytes, 0);
        this.#options.onProgress?.(Math.min(stored, content.carBytes), content.carBytes);
      }
    };
    await Promise.all(Array.from({ length: SLICES_IN_FLIGHT }, send));
  }

  failed(reason: string, cause?: unknown): PublishError {
    const { node, dealId } = this.#upload;
    return new PublishError('PUSH_FAILED', `The content could not be sent to ${this.#url}: ${reason}.`, {
      values: { url: this.#url, node, dealId, reason },
      remedy: 'What was sent is kept: go on when the node can be reached again.',
      cause,
    });
  }

  #bodyOf(slice: readonly LeafPlace[]): Blob {
    const parts: BodyPart[] = [bytesOf(carHeader(this.#upload.content.root))];
    for (const { cid, file, offset, bytes } of slice) {
      const blob = this.#files[file]?.blob;
      if (blob === undefined) throw fileChanged(`file ${file}`);
      parts.push(sectionHead(cid, bytes), blob.slice(offset, offset + bytes));
    }
    return new Blob(parts);
  }

  async #call(
    method: 'GET' | 'PUT',
    sent: { part?: 'skeleton' | 'slice'; body?: Blob; files?: readonly LeafPlace[] },
  ): Promise<unknown> {
    for (let attempt = 1; ; attempt++) {
      this.#options.signal?.throwIfAborted();
      const outcome = await this.#attempt(method, sent);
      if ('answer' in outcome) return outcome.answer;
      if (sent.files !== undefined) await this.#requireReadable(sent.files);
      if (!outcome.passing || attempt >= MAX_SLICE_ATTEMPTS) throw outcome.error;
      const pauseMs = Math.min(PUSH_RETRY_DELAY_MS * 2 ** (attempt - 1), MAX_SLICE_PAUSE_MS);
      await this.#clock.sleep(pauseMs, this.#options.signal);
    }
  }

  async #attempt(
    method: 'GET' | 'PUT',
    { part, body }: { part?: 'skeleton' | 'slice'; body?: Blob },
  ): Promise<{ readonly answer: unknown } | { readonly error: PublishError; readonly passing: boolean }> {
    const timeout = AbortSignal.timeout(SLICE_TIMEOUT_MS);
    const { signal, fetch: ask = (url, init) => fetch(url, init) } = this.#options;
    try {
      const response = await ask(this.#url, {
        method,
        headers: { ...this.#authorisation(), ...(part !== undefined && { [UPLOAD_PART_HEADER]: part }) },
        ...(body !== undefined && { body }),
        cache: 'no-store',
        credentials: 'omit',
        redirect: 'error',
        signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      });
      const bytes = new Uint8Array(await response.arrayBuffer());
      if (bytes.length > MAX_PUSH_ANSWER_BYTES * 2) throw this.failed('it answers with too much');
      if (response.ok) return { answer: JSON.parse(new TextDecoder().decode(bytes)) as unknown };
      const header = (name: string) => response.headers.get(name) ?? undefined;
      const refusal = refusalOf({ status: response.status, header, body: bytes });
      const passing = response.status === 429 || response.status >= 500 || PASSING_REFUSALS.has(refusal.code);
      return { error: this.#refused(refusal), passing: passing && refusal.code !== 'QUOTA_EXCEEDED' };
    } catch (cause) {
      signal?.throwIfAborted();
      if (cause instanceof PublishError) throw cause;
      const error = this.failed(cause instanceof Error ? cause.message : String(cause), cause);
      return { error, passing: true };
    }
  }

  /** A file that was changed breaks a request like a broken connection does: it must not be tried for ever. */
  async #requireReadable(leaves: readonly LeafPlace[]): Promise<void> {
    for (const index of new Set(leaves.map(({ file }) => file))) {
      const file = this.#files[index];
      await file?.blob
        .slice(0, 1)
        .arrayBuffer()
        .catch((cause: unknown) => {
          throw fileChanged(file.path, cause);
        });
    }
  }

  #authorisation(): Readonly<Record<string, string>> {
    const { authority, content, dealId, node } = this.#upload;
    return uploadHeaders(authority, {
      ...{ dealId, node, contentRoot: contentRootOf(content.root), bytes: BigInt(content.carBytes) },
      expiresAt: BigInt(Math.floor(this.#clock.nowMs() / 1000) + UPLOAD_AUTHORISATION_SECONDS),
    });
  }

  #refused(refusal: Refusal): PublishError {
    const { node, dealId } = this.#upload;
    return new PublishError('PUSH_REFUSED', `${this.#url} did not take the content: ${refusal.message}`, {
      values: { ...refusal.values, url: this.#url, node, dealId, refusal: refusal.code },
      remedy: refusal.remedy,
    });
  }
}

/** Leaves together, as many as fit one slice. */
function slicesOf(content: PlannedContent, leaves: readonly LeafPlace[]): LeafPlace[][] {
  const headerBytes = carHeader(content.root).length;
  const slices: LeafPlace[][] = [];
  let open: LeafPlace[] = [];
  let bytes = headerBytes;
  for (const leaf of leaves) {
    const section = sectionBytes(leaf.cid, leaf.bytes);
    if (open.length > 0 && bytes + section > MAX_UPLOAD_SLICE_BYTES) {
      slices.push(open);
      open = [];
      bytes = headerBytes;
    }
    open.push(leaf);
    bytes += section;
  }
  return open.length === 0 ? slices : [...slices, open];
}

/** Bytes in memory of their own, which is what bodies take. */
function bytesOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(bytes);
}
