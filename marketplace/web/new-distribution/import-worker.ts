import { planContent } from '../../../sdk/publish/slices/plan-content.ts';
import { failureOf } from './failure.ts';
import { contentMessage, type ImportAnswer, type ImportRequest } from './import-message.ts';

/** Pause between two words about progress: more would only busy the page. */
const PROGRESS_EVERY_MS = 100;

/** Reads files beside the page and finds their CID; ends when the page terminates it. */
addEventListener('message', ({ data }: MessageEvent<ImportRequest>) => {
  let saidAt = 0;
  const onProgress = (read: number, total: number): void => {
    const now = performance.now();
    if (now - saidAt < PROGRESS_EVERY_MS && read < total) return;
    saidAt = now;
    say({ type: 'progress', read, total });
  };
  planContent(data.files, { onProgress }).then(
    (content) => say({ type: 'content', content: contentMessage(content) }),
    (failure: unknown) => say({ type: 'failed', failure: failureOf(failure) }),
  );
});

function say(answer: ImportAnswer): void {
  postMessage(answer);
}
