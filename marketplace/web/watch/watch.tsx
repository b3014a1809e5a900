import { useRoute } from 'preact-iso';
import { useState } from 'preact/hooks';

import type { ViewReport } from '../../../sdk/player/engine/view-report.ts';
import { Identifier } from '../../../sdk/ui/identifier.tsx';
import { fetchContent } from '../market-data/deals.ts';
import { useMarketData } from '../market-data/use-market-data.ts';
import { hasForm } from '../shell/identifier-form.ts';
import { NoIdentifier } from '../shell/not-found.tsx';
import { Page } from '../shell/page.tsx';
import { paths } from '../shell/paths.ts';
import { AdmissionForm, useAdmissionGate } from './admission-gate.tsx';
import { admittingDeal } from './admission-text.ts';
import { Player } from './player.tsx';
import { viewSentences } from './view-sentences.ts';
import './watch.css';

/** Plays a content, and says who serves it, what was verified and what is paid. */
export default function Watch() {
  const { cid = '', path = '' } = useRoute().params;
  return hasForm('content', cid) ? (
    <Viewing {...{ cid, path }} />
  ) : (
    <NoIdentifier kind="content" text={cid} />
  );
}

function Viewing({ cid, path }: { readonly cid: string; readonly path: string }) {
  const [report, setReport] = useState<ViewReport>();
  const gate = useAdmissionGate();
  const content = useMarketData((signal) => fetchContent(cid, signal), { key: cid });
  const audienceKey = admittingDeal(content.value?.deals ?? [])?.audienceKey ?? undefined;
  const isKnown = content.value !== undefined || content.failure !== undefined;
  const name = path.slice(path.lastIndexOf('/') + 1);
  const lead = <Identifier value={cid} what="name of the content" href={paths.content(cid)} />;
  return (
    <Page title={name === '' ? 'Watch' : name} lead={lead}>
      {isKnown && (
        <Player
          {...{ cid, path }}
          overlay
          admission={audienceKey === undefined ? undefined : gate.ask}
          onReport={setReport}
        />
      )}
      {audienceKey !== undefined && <AdmissionForm gate={gate} audienceKey={audienceKey} />}
      <section class="panel watch-facts" aria-labelledby="watch-facts-title">
        <h2 id="watch-facts-title">Who serves this</h2>
        {report === undefined ? <p>Starting …</p> : <Facts report={report} />}
      </section>
    </Page>
  );
}

function Facts({ report }: { readonly report: ViewReport }) {
  return (
    <>
      {viewSentences(report).map((sentence) => (
        <p key={sentence}>{sentence}</p>
      ))}
      {report.dealId !== undefined && (
        <p>
          Every receipt is on the page of the <a href={paths.deal(report.dealId)}>deal that pays for it</a>.
        </p>
      )}
    </>
  );
}
