import { useState } from 'preact/hooks';

import { Amount } from '../../../../sdk/ui/amount.tsx';
import { Field } from '../../../../sdk/ui/field.tsx';
import { amountText, shortIdentifier } from '../../../../sdk/ui/figures.ts';
import { Identifier } from '../../../../sdk/ui/identifier.tsx';
import { Instant } from '../../../../sdk/ui/instant.tsx';
import { Table } from '../../../../sdk/ui/table.tsx';
import type { Allocation } from '../../market-data/deals.ts';
import { fetchNodes } from '../../market-data/nodes.ts';
import { useMarketData } from '../../market-data/use-market-data.ts';
import { paths } from '../../shell/paths.ts';
import { AmountField, amountIn } from './amount-field.tsx';
import { candidatesOf, type Candidate } from './node-shares.ts';
import { SettingPanel, type SettingProps } from './setting.tsx';

/** Edges that the choice is made from, and how often they are asked for. */
const LISTED_EDGES = 100;
const EDGES_EVERY_MS = 10_000;

interface NodesProps extends SettingProps {
  readonly allocations: readonly Allocation[];
  readonly freeWei: bigint;
  /** Nodes whose money can be taken back now, as the chain says. */
  readonly thawedNodes: readonly string[];
}

/** Which nodes are paid for it: one more, one less. */
export function NodesSetting({ atHand, action, allocations, freeWei, thawedNodes }: NodesProps) {
  return (
    <SettingPanel part="nodes" title="Nodes" action={action}>
      <p>
        A node that is let go is granted to no viewer any more and is paid what it has delivered; after the
        thaw you take back what it did not earn. The content stays with the others.
      </p>
      <Table
        caption="Nodes that are or were paid"
        columns={[
          {
            id: 'node',
            title: 'Node',
            cell: ({ node }) => (
              <Identifier value={node} href={paths.node(node)} what="address of the node" />
            ),
          },
          {
            id: 'state',
            title: 'Its money',
            cell: (row) => <MoneyState row={row} epochSeconds={atHand.network.epochSeconds} />,
          },
          { id: 'rate', title: 'For a GiB', isFigure: true, cell: (row) => <Amount wei={row.ratePerGiB} /> },
          { id: 'left', title: 'Left', isFigure: true, cell: (row) => <Amount wei={row.balanceWei} /> },
          {
            id: 'act',
            title: 'Change',
            cell: (row) => (
              <NodeButton {...{ atHand, action, row }} isThawed={thawedNodes.includes(row.node)} />
            ),
          },
        ]}
        rows={allocations}
        rowKey={({ node }) => node}
      />
      <AddNode {...{ atHand, action, allocations, freeWei }} />
    </SettingPanel>
  );
}

function MoneyState({ row, epochSeconds }: { readonly row: Allocation; readonly epochSeconds: number }) {
  if (row.state === 'released') return <>let go</>;
  if (row.state === 'active') return <>can be earned</>;
  return (
    <>
      thaws until <Instant at={row.thawEndEpoch * epochSeconds} />
    </>
  );
}

interface NodeButtonProps extends SettingProps {
  readonly row: Allocation;
  /** Whether the chain would give back now what it did not earn. */
  readonly isThawed: boolean;
}

function NodeButton({ atHand, action, row, isThawed }: NodeButtonProps) {
  const name = shortIdentifier(row.node);
  if (row.state === 'active') {
    return (
      <button
        type="button"
        class="button"
        aria-label={`Let go of node ${name}`}
        disabled={action.isBusy}
        onClick={() => action.run({ part: 'nodes', name: 'Let go' }, ({ letGo }) => letGo(atHand, row.node))}
      >
        Let go
      </button>
    );
  }
  if (row.state === 'released') return <>–</>;
  return (
    <button
      type="button"
      class="button"
      aria-label={`Take back what node ${name} did not earn`}
      disabled={action.isBusy || !isThawed}
      onClick={() =>
        action.run({ part: 'nodes', name: 'Take back' }, ({ releaseNode }) => releaseNode(atHand, row.node))
      }
    >
      Take back
    </button>
  );
}

function AddNode({ atHand, action, allocations, freeWei }: Omit<NodesProps, 'thawedNodes'>) {
  const { value } = useMarketData((signal) => fetchNodes({ role: 'edge', limit: LISTED_EDGES }, signal), {
    key: 'edges',
    everyMs: EDGES_EVERY_MS,
  });
  const [chosen, setChosen] = useState('');
  const [text, setText] = useState('10');
  const candidates = candidatesOf(value?.nodes ?? [], allocations);
  const candidate = candidates.find(({ node }) => node === chosen) ?? candidates[0];
  const amountWei = amountIn(text);
  if (candidate === undefined) {
    return <p>Every edge that answers is paid for it already: there is none to add.</p>;
  }
  const { node, ratePerGiB } = candidate;
  return (
    <>
      <div class="fields">
        <Field
          label="Node to add"
          hint="It takes the content from the nodes that hold it. Its rate stays as it is now for as long as the deal lasts."
        >
          {(control) => (
            <select {...control} value={node} onChange={(event) => setChosen(event.currentTarget.value)}>
              {candidates.map((one) => (
                <option key={one.node} value={one.node}>
                  {candidateText(one)}
                </option>
              ))}
            </select>
          )}
        </Field>
        <AmountField
          label="What it can earn at most, BCDN"
          hint={sourceText(amountWei, freeWei)}
          text={text}
          onText={setText}
        />
      </div>
      <div class="row">
        <button
          type="button"
          class="button"
          disabled={amountWei === undefined || action.isBusy}
          onClick={() =>
            action.run({ part: 'nodes', name: 'Add node' }, ({ addNode }) =>
              addNode(atHand, { node, ratePerGiB, amountWei: amountWei ?? 0n }, freeWei),
            )
          }
        >
          Add the node
        </button>
      </div>
    </>
  );
}

const candidateText = ({ node, region, ratePerGiB, wasPaid }: Candidate): string =>
  `${shortIdentifier(node)} in ${region}, ${amountText(ratePerGiB)} for a GiB${wasPaid ? ', was let go' : ''}`;

function sourceText(amountWei: bigint | undefined, freeWei: bigint): string {
  if (freeWei === 0n) return 'It comes from your account: nothing lies free in the distribution.';
  const free = `${amountText(freeWei)} lie free in the distribution`;
  return amountWei !== undefined && amountWei > freeWei
    ? `${free} and are used first; the rest comes from your account.`
    : `${free}: it comes from there.`;
}
