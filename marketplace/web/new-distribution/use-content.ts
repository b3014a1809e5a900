import { useEffect, useRef, useState } from 'preact/hooks';

import { filesOf } from '../../../sdk/publish/slices/plan-content.ts';
import type { PickedFile } from '../../../sdk/publish/slices/picked-files.ts';
import { originUrl, unseenOrigin } from '../../../sdk/publish/slices/read-origin.ts';
import { importContent } from './content-import.ts';
import { failureOf } from './failure.ts';
import type { ContentAtHand } from './placing.ts';
import type { ShownFailure } from './progress.ts';

/** What is known of the content that was chosen. */
export type ReadingState =
  | { readonly at: 'empty' }
  /** `total` is 0 where nobody knows. */
  | { readonly at: 'reading'; readonly name: string; readonly read: number; readonly total: number }
  | { readonly at: 'ready'; readonly name: string; readonly atHand: ContentAtHand }
  | { readonly at: 'failed'; readonly failure: ShownFailure };

export interface ContentReading {
  readonly state: ReadingState;
  readonly choose: (files: readonly File[]) => void;
  /** Reads the file behind an address; nodes are to fetch it there. */
  readonly readUrl: (url: string) => void;
  /** Reads a file of this device in place of one behind an address, which nodes are to fetch there. */
  readonly chooseFor: (url: string, file: File) => void;
  readonly clear: () => void;
}

/** What is to be read. */
type Wanted =
  { readonly files: readonly File[]; readonly insteadOf?: string } | { readonly originUrl: string };

/** Reads contents in a worker; another choice ends the one before. @param onReady told of every content that was read */
export function useContent(onReady?: (atHand: ContentAtHand) => void): ContentReading {
  const [state, setState] = useState<ReadingState>({ at: 'empty' });
  const reading = useRef<AbortController | undefined>(undefined);
  useEffect(() => () => reading.current?.abort(), []);
  const start = (wanted: Wanted): void => {
    reading.current?.abort();
    const ended = new AbortController();
    reading.current = ended;
    void read(wanted, ended.signal, setState, onReady);
  };
  return {
    state,
    choose: (files) => start({ files }),
    readUrl: (url) => start({ originUrl: url }),
    chooseFor: (url, file) => start({ files: [file], insteadOf: url }),
    clear: () => {
      reading.current?.abort();
      setState({ at: 'empty' });
    },
  };
}

async function read(
  wanted: Wanted,
  signal: AbortSignal,
  show: (state: ReadingState) => void,
  onReady: ((atHand: ContentAtHand) => void) | undefined,
): Promise<void> {
  try {
    const { name, files, request } = prepared(wanted);
    show({ at: 'reading', name, read: 0, total: files.reduce((sum, { blob }) => sum + blob.size, 0) });
    const imported = await importContent(request, {
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
    const { content, origin = insteadOf(wanted) } = imported;
    const atHand = { content, files, origin };
    show({ at: 'ready', name, atHand });
    onReady?.(atHand);
  } catch (failure) {
    if (!signal.aborted) show({ at: 'failed', failure: failureOf(failure) });
  }
}

/** @throws PublishError SOURCE_UNREADABLE, DIRECTORY_TOO_LARGE, ORIGIN_UNUSABLE */
function prepared(wanted: Wanted) {
  if ('originUrl' in wanted) {
    const url = originUrl(wanted.originUrl);
    return { name: nameOfUrl(url), files: [], request: { originUrl: url } };
  }
  const picked: PickedFile[] = wanted.files.map((file) => ({
    path: file.webkitRelativePath === '' ? file.name : file.webkitRelativePath,
    blob: file,
  }));
  const files = filesOf(picked);
  return { name: picked[0]?.path.split('/')[0] ?? '', files, request: { files } };
}

const insteadOf = (wanted: Wanted) =>
  'files' in wanted && wanted.insteadOf !== undefined ? unseenOrigin(originUrl(wanted.insteadOf)) : undefined;

/** The last part of its path, or its host. */
function nameOfUrl(url: string): string {
  const { pathname, host } = new URL(url);
  return pathname.split('/').findLast((part) => part !== '') ?? host;
}
