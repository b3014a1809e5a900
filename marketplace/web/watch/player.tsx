import { useEffect, useRef } from 'preact/hooks';

import type { AdmissionSource, BcdnPlayer } from '../../../sdk/player/element/bcdn-player.ts';
import type { ViewReport } from '../../../sdk/player/engine/view-report.ts';

/** The script that sites embed: these pages play by the very same. */
const PLAYER_SCRIPT = '/player/embed.js';

interface PlayerProps {
  readonly cid: string;
  /** File inside a directory. @default the file that the directory is about */
  readonly path?: string;
  /** Region of the viewer: the nearest nodes come first. @default unknown */
  readonly region?: string;
  /** Shows who serves, over the picture. @default false */
  readonly overlay?: boolean;
  /** Where the deal is for viewers whom its publisher knows. */
  readonly admission?: AdmissionSource | undefined;
  /** Told a few times a second while something changes. */
  readonly onReport?: (report: ViewReport) => void;
}

/** A content of the network, fetched from several nodes, verified and paid for by this page. */
export function Player({ cid, path = '', region, overlay = false, admission, onReport }: PlayerProps) {
  const place = useRef<HTMLDivElement>(null);
  const told = useRef(onReport);
  told.current = onReport;
  useEffect(() => {
    const player = document.createElement('bcdn-player') as BcdnPlayer;
    const wished = { cid, path, region, overlay: overlay ? '' : undefined };
    for (const [name, value] of Object.entries(wished))
      if (value !== undefined) player.setAttribute(name, value);
    player.admission = admission;
    player.addEventListener('bcdn-report', () => {
      if (player.report !== undefined) told.current?.(player.report);
    });
    place.current?.append(player);
    // Loaded when the first player is shown; the element comes to life then.
    void import(/* @vite-ignore */ PLAYER_SCRIPT).catch(() => undefined);
    return () => player.remove();
  }, [cid, path, region, overlay, admission]);
  return <div class="player-place" ref={place} />;
}
