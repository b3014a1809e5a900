import { useEffect, useRef, useState } from 'preact/hooks';

import { filesOf } from '../../../sdk/publish/slices/plan-content.ts';
import type { PickedFile } from '../../../sdk/publish/slices/picked-files.ts';
import { importFiles } from './content-import.ts';
import { failureOf } from './failure.ts';
import type { ContentAtHand } from './placing.ts';
import type { ShownFailure } from './progress.ts';

/** What is known of the files that were chosen. */
export type ReadingState =
  | { readonly at: 'empty' }
  | { readonly at: 'reading'; readonly name: string; readonly read: number; readonly total: number }
  | { readonly at: 'ready'; readonly name: string; readonly atHand: ContentAtHand }
  | { readonly at: 'failed'; readonly failure: ShownFailure };

export interface ContentReading {
  readonly state: ReadingState;
  readonly choose: (files: readonly File[]) => void;
}

/** Reads chosen files in a worker; another choice ends the one before. @param onReady told of every content that was read */
export function useContent(onReady?: (atHand: ContentAtHand) => void): ContentReading {
  const [state, setState] = useState<ReadingState>({ at: 'empty' });
  const reading = useRef<AbortController | undefined>(undefined);
  useEffect(() => () => reading.current?.abort(), []);
  const choose = (chosen: readonly File[]): void => {
    reading.current?.abort();
    const ended = new AbortController();
    reading.current = ended;
    void read(chosen, ended.signal, setState, onReady);
  };
  return { state, choose };
}

async function read(
  chosen: readonly File[],
  signal: AbortSignal,
  show: (state: ReadingState) => void,
  onReady: ((atHand: ContentAtHand) => void) | undefined,
): Promise<void> {
  const picked: PickedFile[] = chosen.map((file) => ({
    path: file.webkitRelativePath === '' ? file.name : file.webkitRelativePath,
    blob: file,
  }));
  const name = picked[0]?.path.split('/')[0] ?? '';
  try {
    const files = filesOf(picked);
    show({ at: 'reading', name, read: 0, total: files.reduce((sum, { blob }) => sum + blob.size, 0) });
    const imported = await importFiles(files, {
      signal,
      onProgress: (done, total) => {
        if (!signal.aborted) show({ at: 'reading', name, read: done, total });
      },
    });
    if (signal.aborted) return;
    if ('failure' in imported) {
      show({ at: 'failed', failure: imported.failure });
      return;
    }
    const atHand = { content: imported.content, files };
    show({ at: 'ready', name, atHand });
    onReady?.(atHand);
  } catch (failure) {
    if (!signal.aborted) show({ at: 'failed', failure: failureOf(failure) });
  }
}
