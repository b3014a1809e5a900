import { z } from 'zod';

import type { FileFacts } from '../engine/content-view.ts';
import { viewSettingsSchema } from '../engine/open-view.ts';
import type { ViewReport } from '../engine/view-report.ts';
import type { Failure } from '../failure.ts';

const id = z.number().int().nonnegative();
const path = z.string().max(4_096);
const offset = z.number().int().nonnegative();

/** What a page tells the engine. One connection is one view. */
export const requestSchema = z.discriminatedUnion('kind', [
  /** Is answered with `ready`. */
  z.object({ kind: z.literal('hello') }),
  z.object({ kind: z.literal('open'), settings: viewSettingsSchema }),
  z.object({ kind: z.literal('file'), id, path }),
  z.object({ kind: z.literal('list'), id, path }),
  /** A stream of bytes, up to `end`; `credit` bytes may be sent before more is granted. */
  z.object({ kind: z.literal('read'), id, path, start: offset, end: offset.optional(), credit: offset }),
  z.object({ kind: z.literal('credit'), id, bytes: offset }),
  z.object({ kind: z.literal('cancel'), id }),
  z.object({ kind: z.literal('close'), id }),
]);

export type EngineRequest = z.input<typeof requestSchema>;

/** What the engine tells the page. */
export type EngineMessage =
  /** The first sign of life. */
  | { readonly kind: 'started' }
  | { readonly kind: 'ready'; readonly viewerKey: string }
  | { readonly kind: 'file'; readonly id: number; readonly file: FileFacts }
  | { readonly kind: 'list'; readonly id: number; readonly names: readonly string[] | undefined }
  | { readonly kind: 'chunk'; readonly id: number; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly kind: 'end'; readonly id: number }
  | { readonly kind: 'failed'; readonly id: number; readonly failure: Failure }
  | { readonly kind: 'report'; readonly report: ViewReport }
  /** Said before the report whose bytes it covers; undefined when nothing is owed. */
  | { readonly kind: 'owed'; readonly request: ReceiptsRequest | undefined };

/** Receipts that no node has acknowledged, as a page hands them to the coordinator when it is closed. */
export interface ReceiptsRequest {
  readonly url: string;
  /** JSON. */
  readonly body: string;
}

/** Either end of the connection: a worker, a port, or the global scope of a worker. */
export interface EnginePort {
  postMessage(message: unknown, transfer: Transferable[]): void;
  addEventListener(type: 'message', listener: (event: MessageEvent<unknown>) => void): void;
  start?(): void;
}
