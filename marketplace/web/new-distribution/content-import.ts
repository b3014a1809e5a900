import type { PickedFile } from '../../../sdk/publish/slices/picked-files.ts';
import type { PlannedContent } from '../../../sdk/publish/slices/plan-content.ts';
import { NewDistributionError } from './failure.ts';
import { contentOfMessage, type ImportAnswer } from './import-message.ts';
import type { ShownFailure } from './progress.ts';

interface ImportWatch {
  readonly signal: AbortSignal;
  readonly onProgress: (read: number, total: number) => void;
}

/** What came of reading files. */
export type Imported = { readonly content: PlannedContent } | { readonly failure: ShownFailure };

/** Reads picked files in a worker and finds their CID; the page stays free meanwhile. @throws the signal's reason */
export function importFiles(
  files: readonly PickedFile[],
  { signal, onProgress }: ImportWatch,
): Promise<Imported> {
  const worker = new Worker(new URL('./import-worker.ts', import.meta.url), { type: 'module' });
  return new Promise<Imported>((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    worker.addEventListener('error', (event) => {
      const reason = event.message === '' ? 'its program could not be loaded' : event.message;
      const remedy = 'Reload the page and choose the files again.';
      reject(new NewDistributionError('WORKER_FAILED', `The files could not be read: ${reason}.`, remedy));
    });
    worker.addEventListener('message', ({ data }: MessageEvent<ImportAnswer>) => {
      if (data.type === 'progress') onProgress(data.read, data.total);
      else if (data.type === 'failed') resolve({ failure: data.failure });
      else resolve({ content: contentOfMessage(data.content) });
    });
    worker.postMessage({ files });
  }).finally(() => worker.terminate());
}
