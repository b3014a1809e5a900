import type { ViewSettings } from '../engine/open-view.ts';

/** Attributes of `<bcdn-player>`; a change of the first group shows another content. */
export const CONTENT_ATTRIBUTES = [
  'cid',
  'path',
  'marketplace',
  'deal',
  'region',
  'origin',
  'origin-kind',
  'allow-unverified',
] as const;
export const MEDIA_ATTRIBUTES = ['autoplay', 'muted', 'loop', 'poster', 'overlay'] as const;

/** Reads an attribute; null where it is missing. */
export type ReadAttribute = (name: string) => string | null;

/**
 * What the attributes ask for; undefined while they name no content.
 * @param scriptUrl of this script: its host is the marketplace, if none is named
 */
export function settingsOf(
  read: ReadAttribute,
  scriptUrl: string,
): { readonly path: string; readonly settings: ViewSettings } | undefined {
  const cid = read('cid');
  if (cid === null || cid === '') return undefined;
  const origin = read('origin');
  const kind = read('origin-kind');
  const deal = read('deal');
  const region = read('region');
  return {
    path: (read('path') ?? '').replace(/^\/+/, ''),
    settings: {
      cid,
      marketplaceUrl: read('marketplace') ?? new URL(scriptUrl).origin,
      ...(deal !== null && { dealId: deal }),
      ...(region !== null && { region }),
      ...(origin !== null &&
        origin !== '' && {
          origin: {
            url: new URL(origin, scriptUrl).href,
            kind: kind === 'folder' || kind === 'gateway' ? kind : ('file' as const),
            allowUnverified: read('allow-unverified') !== null,
          },
        }),
    },
  };
}
