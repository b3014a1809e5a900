import type { EntryPoint } from './time-index.ts';

/** Bytes of the file that hold its index by time. */
export interface IndexPlace {
  readonly start: number;
  readonly end: number;
}

/** What the header of a media file says. */
export interface MediaFacts {
  readonly container: 'webm' | 'mp4';
  /** Whether Media Source takes the file as it is. */
  readonly streamable: boolean;
  /** With codecs, as Media Source and media elements name it. */
  readonly mime: string;
  readonly seconds: number | undefined;
  /** First byte after what every player needs before anything else. */
  readonly headerBytes: number;
  /** Entries that the header itself holds. */
  readonly index: readonly EntryPoint[];
  /** Where an index is, if the header says so. */
  readonly indexPlace: IndexPlace | undefined;
}

/** What can be said of the first bytes of a file. */
export type Probe =
  | { readonly kind: 'facts'; readonly facts: MediaFacts }
  /** The header goes on beyond these bytes. */
  | { readonly kind: 'more'; readonly bytes: number };
