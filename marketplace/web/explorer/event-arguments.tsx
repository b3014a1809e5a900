import { Identifier } from '../../../sdk/ui/identifier.tsx';
import type { ChainEvent } from '../market-data/chain-events.ts';
import { paths } from '../shell/paths.ts';
import { argumentName, argumentText } from './argument-words.ts';

const ADDRESS = /^0x[0-9a-fA-F]{40}$/;
const BYTES32 = /^0x[0-9a-fA-F]{64}$/;

interface EventArgumentsProps {
  readonly event: Pick<ChainEvent, 'arguments'>;
  /** A value that the page is about and need not repeat. */
  readonly omitted?: string | undefined;
}

/** What an event says, each argument by its name, with the page that tells more. */
export function EventArguments({ event, omitted }: EventArgumentsProps) {
  return (
    <dl class="arguments">
      {Object.entries(event.arguments)
        .filter(([, value]) => value !== omitted)
        .map(([name, value]) => (
          <div key={name}>
            <dt title={name}>{argumentName(name)}</dt>
            <dd>
              <Argument name={name} value={value} />
            </dd>
          </div>
        ))}
    </dl>
  );
}

function Argument({ name, value }: { readonly name: string; readonly value: string }) {
  if (BYTES32.test(value)) {
    return (
      <Identifier
        value={value}
        what={argumentName(name)}
        href={name === 'dealId' ? paths.deal(value.toLowerCase()) : undefined}
      />
    );
  }
  if (ADDRESS.test(value)) {
    const isNode = name === 'node' || name === 'operator' || name === 'peer';
    return (
      <Identifier
        value={value}
        what={argumentName(name)}
        href={isNode ? paths.node(value.toLowerCase()) : undefined}
      />
    );
  }
  const text = argumentText(name, value);
  return <span class={text === value ? 'argument-text' : 'figure'}>{text}</span>;
}
