import { useState } from 'preact/hooks';

import { httpOriginOf } from '../../../sdk/client/endpoint.ts';
import { Command } from '../../../sdk/ui/command.tsx';
import { fetchCommand, useCommandNames } from '../market-data/command-names.ts';
import { Player } from '../watch/player.tsx';
import { paths } from '../shell/paths.ts';
import type { DealNodes } from './deal-figures.ts';

interface SharePanelProps {
  readonly cid: string;
  readonly nodes: DealNodes['nodes'];
}

/** How others see it: a page, a snippet for a site, a command; and a player, which is a viewer like any other. */
export function SharePanel({ cid, nodes }: SharePanelProps) {
  const names = useCommandNames();
  const [isPlaying, setIsPlaying] = useState(false);
  const market = location.origin;
  const edge = nodes.map(({ endpoints }) => httpOriginOf(endpoints)).find((origin) => origin !== undefined);
  const embed = `<script type="module" src="${market}/player/embed.js"></script>\n<bcdn-player cid="${cid}" marketplace="${market}"></bcdn-player>`;
  return (
    <section class="panel share" aria-labelledby="share-title">
      <h2 id="share-title">Show it</h2>
      {isPlaying ? (
        <Player cid={cid} overlay />
      ) : (
        <div class="row">
          <button type="button" class="button" onClick={() => setIsPlaying(true)}>
            Play it here
          </button>
          <span class="soft small">You are a viewer then: what you fetch is paid from the deposit.</span>
          <a href={paths.watch(cid)}>Its own page</a>
        </div>
      )}
      <details>
        <summary>In a page of yours</summary>
        <Command text={embed} name="Lines for a page of yours" />
      </details>
      <details>
        <summary>By a command</summary>
        <Command text={fetchCommand(names, cid, market)} />
        {edge !== undefined && (
          <>
            <p class="small">Any HTTP client, within the free allowance of a node:</p>
            <Command text={`curl -o content ${edge}/ipfs/${cid}`} />
          </>
        )}
      </details>
    </section>
  );
}
