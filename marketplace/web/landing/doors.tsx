import { useCommandNames } from '../market-data/command-names.ts';
import { paths } from '../shell/paths.ts';

/** Three ways into the network, by what one wants of it. */
export function Doors() {
  const { node } = useCommandNames();
  return (
    <section class="doors" aria-label="Ways in">
      <article class="door">
        <h2>Publish</h2>
        <p>
          Escrow once, upload from this page, and watch each byte being paid for. What is not earned comes
          back, to the last unit.
        </p>
        <a class="button button-primary" href={paths.newDistribution}>
          New distribution
        </a>
      </article>
      <article class="door">
        <h2>Operate</h2>
        <p>Earn for bytes that viewers confirm. Two commands on any machine with Node:</p>
        <pre tabIndex={0} aria-label="Commands for operators">
          {`${node} init --role edge --region eu-west\n${node} start`}
        </pre>
        <a class="button" href={paths.operate}>
          What nodes earn here
        </a>
      </article>
      <article class="door">
        <h2>Watch and explore</h2>
        <p>
          Every node, deal, receipt and payment has a page that says in sentences what it is. Nothing needs a
          wallet.
        </p>
        <a class="button" href={paths.explore}>
          Explore the network
        </a>
      </article>
    </section>
  );
}
