import { systemClock } from '../../../sdk/pacing/clock.ts';
import { FetchExchange } from '../../../sdk/client/fetch-exchange.ts';
import { planContent, type PlannedContent } from '../../../sdk/publish/slices/plan-content.ts';
import { originUrl, readOrigin, type SeenOrigin } from '../../../sdk/publish/slices/read-origin.ts';
import { failureOf } from './failure.ts';
import { contentMessage, type ImportAnswer, type ImportRequest } from './import-message.ts';

/** Pause between two words about progress: more would only busy the page. */
const PROGRESS_EVERY_MS = 100;

/** Reads files, or the file of an origin, beside the page and finds their CID; ends when the page terminates it. */
addEventListener('message', ({ data }: MessageEvent<ImportRequest>) => {
  let saidAt = 0;
  const onProgress = (read: number, total: number): void => {
    const now = performance.now();
    if (now - saidAt < PROGRESS_EVERY_MS && read !== total) return;
    saidAt = now;
    say({ type: 'progress', read, total });
  };
  planOf(data, onProgress).then(
    ({ content, origin }) => say({ type: 'content', content: contentMessage(content), origin }),
    (failure: unknown) => say({ type: 'failed', failure: failureOf(failure) }),
  );
});

async function planOf(
  request: ImportRequest,
  onProgress: (read: number, total: number) => void,
): Promise<{ readonly content: PlannedContent; readonly origin: SeenOrigin | undefined }> {
  if ('files' in request)
    return { content: await planContent(request.files, { onProgress }), origin: undefined };
  // What the server has now, not what the browser has kept of it.
  const http = new FetchExchange({ cache: 'no-store' });
  try {
    return await readOrigin({ http, clock: systemClock }, originUrl(request.originUrl), { onProgress });
  } finally {
    await http.close();
  }
}

function say(answer: ImportAnswer): void {
  postMessage(answer);
}
