import { Command } from '../../../sdk/ui/command.tsx';
import { countedText, shortIdentifier } from '../../../sdk/ui/figures.ts';
import { Identifier } from '../../../sdk/ui/identifier.tsx';
import { Table } from '../../../sdk/ui/table.tsx';
import { fetchCommand, useCommandNames } from '../market-data/command-names.ts';
import { fetchContent, type PaidContent } from '../market-data/deals.ts';
import { Loaded } from '../market-data/loaded.tsx';
import { useMarketData } from '../market-data/use-market-data.ts';
import { Page } from '../shell/page.tsx';
import { paths } from '../shell/paths.ts';
import { dealColumns } from './deal-columns.tsx';
import { Trail } from './trail.tsx';

/** One content: which deals pay for it, and how to have it. */
export function ContentPage({ cid }: { readonly cid: string }) {
  const names = useCommandNames();
  const content = useMarketData((signal) => fetchContent(cid, signal), { key: cid });
  return (
    <Page
      title={`Content ${shortIdentifier(cid)}`}
      above={<Trail steps={[{ href: paths.contents, text: 'Contents' }]} />}
    >
      <p>
        <Identifier value={cid} what="CID" full />
      </p>
      <Loaded data={content} what="the content">
        {(value) => (
          <>
            <p class="story">{contentStory(value)}</p>
            <p>
              <a class="button button-primary" href={paths.watch(cid)}>
                Watch it
              </a>
            </p>
            <div class="stack">
              <p>Or have it on your machine, every block checked:</p>
              <Command text={fetchCommand(names, cid, location.origin)} />
            </div>
            <Table
              caption="Deals that pay for it"
              showsCaption
              columns={dealColumns}
              rows={value.deals}
              rowKey={({ dealId }) => dealId}
            />
          </>
        )}
      </Loaded>
    </Page>
  );
}

function contentStory({ deals }: PaidContent): string {
  const open = deals.filter(({ state }) => state === 'open');
  const nodes = new Set(
    open.flatMap(({ allocations }) =>
      allocations.filter(({ state }) => state === 'active').map(({ node }) => node),
    ),
  );
  if (open.length === 0) return 'No open deal pays for its delivery any more; nodes may drop it.';
  return `${countedText(open.length, 'open deal pays', 'open deals pay')} ${countedText(nodes.size, 'node')} to deliver it.`;
}
