import type { PlannedContent } from '../../../sdk/publish/slices/plan-content.ts';
import type { SeenOrigin } from '../../../sdk/publish/slices/read-origin.ts';
import { NewDistributionError } from './failure.ts';
import { contentOfMessage, type ImportAnswer, type ImportRequest } from './import-message.ts';
import type { ShownFailure } from './progress.ts';

interface ImportWatch {
  readonly signal: AbortSignal;
  readonly onProgress: (read: number, total: number) => void;
}

/** What came of reading. */
export type Imported =
  | { readonly content: PlannedContent; readonly origin: SeenOrigin | undefined }
  | { readonly failure: ShownFailure };

/** Reads picked files, or an origin, in a worker and finds their CID; the page stays free meanwhile. @throws the signal's reason */
export function importContent(
  request: ImportRequest,
  { signal, onProgress }: ImportWatch,
): Promise<Imported> {
  const worker = new Worker(new URL('./import-worker.ts', import.meta.url), { type: 'module' });
  return new Promise<Imported>((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    worker.addEventListener('error', (event) => {
      const reason = event.message === '' ? 'its program could not be loaded' : event.message;
      const remedy = 'Reload the page and choose it again.';
      reject(new NewDistributionError('WORKER_FAILED', `The content could not be read: ${reason}.`, remedy));
    });
    worker.addEventListener('message', ({ data }: MessageEvent<ImportAnswer>) => {
      if (data.type === 'progress') onProgress(data.read, data.total);
      else if (data.type === 'failed') resolve({ failure: data.failure });
      else resolve({ content: contentOfMessage(data.content), origin: data.origin });
    });
    worker.postMessage(request);
  }).finally(() => worker.terminate());
}
