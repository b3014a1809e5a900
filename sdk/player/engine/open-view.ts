import { z } from 'zod';

import { BROWSER_COMPONENTS } from '../../client/browser-components.ts';
import { parseCid } from '../../protocol/content.ts';
import { parseDealId } from '../../protocol/identifiers.ts';
import { PlayerError } from '../player-error.ts';
import { SOURCE_ROUNDS_WITH_ORIGIN } from '../player-limits.ts';
import { ContentView } from './content-view.ts';
import { OriginBytes } from './origin-bytes.ts';
import { requireOriginPlace } from './origin-place.ts';

const dealId = z.string().transform(parseDealId);

/** What is viewed, who arranges it, and where else it can be had; as it comes from a page. */
export const viewSettingsSchema = z.object({
  cid: z.string().max(128),
  marketplaceUrl: z.string().max(2_048),
  /** Where the viewer is, for example `eu-west`: the nearest nodes come first. */
  region: z.string().max(16).optional(),
  /** Pays for the delivery. @default the first open deal of the content that is for everybody */
  dealId: dealId.optional(),
  /** What the publisher's log-in service gave to this viewer key. */
  admission: z.object({ dealId, expiresAt: z.number(), signature: z.string().max(256) }).optional(),
  origin: z
    .object({
      url: z.string(),
      kind: z.enum(['file', 'folder', 'gateway']),
      allowUnverified: z.boolean().optional(),
    })
    .optional(),
});

export type ViewSettings = z.input<typeof viewSettingsSchema>;

/**
 * A view of a content. Asks nobody for anything yet.
 * @param viewerKey private, 32 bytes; stays in this thread
 * @throws PlayerError SETTINGS_INVALID; ProtocolError CID_INVALID, CID_UNSUPPORTED
 */
export function openView(settings: unknown, viewerKey: Uint8Array): ContentView {
  const parsed = viewSettingsSchema.safeParse(settings);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new PlayerError('SETTINGS_INVALID', `The view cannot be opened: ${issue?.message ?? ''}.`, {
      values: { field: issue?.path.join('.') ?? '' },
      remedy: 'Give at least the CID and the address of the marketplace.',
    });
  }
  const { cid, origin, ...options } = parsed.data;
  const components = BROWSER_COMPONENTS;
  return new ContentView(
    components,
    {
      ...options,
      cid: parseCid(cid),
      viewerKey,
      ...(origin !== undefined && { sourceRounds: SOURCE_ROUNDS_WITH_ORIGIN }),
    },
    origin && new OriginBytes(components, requireOriginPlace(origin)),
  );
}
