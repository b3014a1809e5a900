import { PlayerError } from '../player-error.ts';

/** A web server that has the content beside the nodes. */
export interface OriginPlace {
  readonly url: string;
  /**
   * `file`: the URL is the file that is viewed. `folder`: the URL is the content's root directory, its files below it.
   * `gateway`: the base of an IPFS gateway that gives out blocks.
   */
  readonly kind: 'file' | 'folder' | 'gateway';
  /** Whether bytes are shown, marked, that cannot be verified. @default false */
  readonly allowUnverified?: boolean | undefined;
}

const KINDS: ReadonlySet<string> = new Set(['file', 'folder', 'gateway']);
const MAX_URL_LENGTH = 2_048;

/** @throws PlayerError SETTINGS_INVALID */
export function requireOriginPlace(place: OriginPlace): OriginPlace {
  const parsed =
    URL.canParse(place.url) && place.url.length <= MAX_URL_LENGTH ? new URL(place.url) : undefined;
  if (parsed !== undefined && /^https?:$/.test(parsed.protocol) && KINDS.has(place.kind)) return place;
  throw new PlayerError('SETTINGS_INVALID', `${place.url} cannot be used as an origin.`, {
    values: { url: place.url, kind: place.kind },
    remedy: 'Give an http or https URL and the kind file, folder or gateway.',
  });
}

/** URL of a file at an origin of kind `file` or `folder`. */
export function fileUrlAt({ url, kind }: OriginPlace, path: string): string {
  if (kind === 'file' || path === '') return url;
  const names = path.split('/').filter((name) => name !== '');
  return `${url.replace(/\/+$/, '')}/${names.map(encodeURIComponent).join('/')}`;
}
