import { BROWSER_COMPONENTS } from '../../client/browser-components.ts';
import { openView, type ViewSettings } from '../engine/open-view.ts';
import type { ContentView } from '../engine/content-view.ts';
import { OwedReceipts } from '../engine/owed-receipts.ts';
import { freshSessionKey } from '../engine/session-key.ts';
import { ViewUpkeep } from '../engine/view-upkeep.ts';
import { failureOf } from '../failure.ts';
import { PlayerError } from '../player-error.ts';
import { REPORT_INTERVAL_MS } from '../player-limits.ts';
import { ByteCredit } from './byte-credit.ts';
import { requestSchema, type EngineMessage, type EnginePort } from './engine-messages.ts';

interface Stream {
  readonly credit: ByteCredit;
  readonly stop: AbortController;
}

interface OpenView {
  readonly view: ContentView;
  readonly upkeep: ViewUpkeep;
  readonly timer: ReturnType<typeof setInterval>;
}

/**
 * The engine's side of a connection: answers what a page asks of one view. The viewer's key is made here and stays here.
 */
export class EngineHost {
  readonly #port: EnginePort;
  readonly #viewerKey = freshSessionKey();
  readonly #streams = new Map<number, Stream>();
  #open: OpenView | undefined;
  #refused: Error | undefined;
  #reported = '';

  constructor(port: EnginePort) {
    this.#port = port;
  }

  /** Begins to listen. */
  start(): void {
    this.#port.addEventListener('message', ({ data }) => this.#heard(data));
    this.#port.start?.();
    this.#say({ kind: 'started' });
  }

  #greet(): void {
    this.#say({ kind: 'ready', viewerKey: BROWSER_COMPONENTS.secp256k1.addressOf(this.#viewerKey) });
  }

  #heard(data: unknown): void {
    const parsed = requestSchema.safeParse(data);
    if (!parsed.success) return;
    const request = parsed.data;
    if (request.kind === 'hello') this.#greet();
    else if (request.kind === 'open') this.#tryToBegin(request.settings);
    else if (request.kind === 'credit') this.#streams.get(request.id)?.credit.grant(request.bytes);
    else if (request.kind === 'cancel') this.#streams.get(request.id)?.stop.abort();
    else if (request.kind === 'read') void this.#read(request);
    else {
      void this.#answer(request.id, async () => {
        if (request.kind === 'close') {
          await this.#close();
          return { kind: 'end', id: request.id };
        }
        const { view } = this.#opened();
        return request.kind === 'file'
          ? { kind: 'file', id: request.id, file: await view.file(request.path) }
          : { kind: 'list', id: request.id, names: await view.list(request.path) };
      });
    }
  }

  /** What cannot be opened is told to whoever asks for something of it. */
  #tryToBegin(settings: ViewSettings): void {
    try {
      this.#begin(settings);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      this.#refused = error;
    }
  }

  #begin(settings: ViewSettings): void {
    // The first view of a connection is its only one.
    if (this.#open !== undefined) return;
    const view = openView(settings, this.#viewerKey);
    const owed = owedReceipts();
    void owed?.start().then(() => owed.deliverOthers().catch(() => 0));
    const upkeep = new ViewUpkeep({ clock: BROWSER_COMPONENTS.clock, owed }, view, settings.marketplaceUrl);
    const timer = setInterval(() => {
      this.#report(view);
      // What could not be delivered or written down now is tried again at the next turn.
      upkeep.tend().catch(() => undefined);
    }, REPORT_INTERVAL_MS);
    this.#open = { view, upkeep, timer };
  }

  async #read(request: {
    id: number;
    path: string;
    start: number;
    end?: number | undefined;
    credit: number;
  }) {
    const { id, path, start, end = Infinity } = request;
    const stream: Stream = { credit: new ByteCredit(request.credit), stop: new AbortController() };
    const { signal } = stream.stop;
    this.#streams.set(id, stream);
    await this.#answer(id, async () => {
      await this.#opened().view.read(
        path,
        async (bytes, offset) => {
          await stream.credit.take(bytes.length, signal);
          // A copy: what is kept for the next reader cannot be given away.
          const chunk = bytes.slice();
          this.#say({ kind: 'chunk', id, offset, bytes: chunk }, [chunk.buffer]);
        },
        { range: { start, end }, signal },
      );
      return { kind: 'end', id };
    });
    this.#streams.delete(id);
  }

  async #answer(id: number, work: () => Promise<EngineMessage>): Promise<void> {
    try {
      this.#say(await work());
    } catch (error) {
      this.#say({ kind: 'failed', id, failure: failureOf(error) });
    }
    if (this.#open !== undefined) this.#report(this.#open.view);
  }

  #opened(): OpenView {
    if (this.#open !== undefined) return this.#open;
    if (this.#refused !== undefined) throw this.#refused;
    throw new PlayerError('ENGINE_CLOSED', 'Nothing is open.', { remedy: 'Open a content first.' });
  }

  async #close(): Promise<void> {
    const open = this.#open;
    if (open === undefined) return;
    clearInterval(open.timer);
    for (const { stop } of this.#streams.values()) stop.abort();
    await open.upkeep.close();
    // Before the answer: whoever is told that it has ended may end this thread at once.
    this.#report(open.view);
  }

  #report(view: ContentView): void {
    const report = view.report();
    const text = JSON.stringify(report);
    if (text === this.#reported) return;
    this.#reported = text;
    this.#say({ kind: 'owed', request: view.owedRequest() });
    this.#say({ kind: 'report', report });
  }

  #say(message: EngineMessage, transfer: Transferable[] = []): void {
    this.#port.postMessage(message, transfer);
  }
}

function owedReceipts(): OwedReceipts | undefined {
  // Sandboxed frames have neither, whatever the types say.
  const scope = globalThis as { indexedDB?: unknown; navigator?: { locks?: unknown } };
  if (scope.indexedDB === undefined || scope.navigator?.locks === undefined) return undefined;
  return new OwedReceipts(BROWSER_COMPONENTS, crypto.randomUUID());
}
