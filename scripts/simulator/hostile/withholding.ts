import { signProviderRecord } from '../../../node/core/one-hop-ring/provider-record.ts';
import type { LoadedProvider } from '../../../node/core/one-hop-ring/wire-message.ts';
import type { RingId } from '../../../node/core/one-hop-ring/ring-identifier.ts';
import type { NodeBehaviour, Parcel } from '../engine/node-behaviour.ts';
import type { SimulatedNode } from '../engine/simulated-node.ts';
import { NETWORK } from '../engine/simulated-machine.ts';
import type { Simulation } from '../engine/simulation.ts';

/** What a liar answers instead of what it holds. */
export type Lie = 'nobody' | 'forged' | 'itself';

/** Answers lookups falsely: with nobody, with the record of another that it signed itself, or with its own record. */
export function lying(simulation: Simulation, node: SimulatedNode, lie: Lie): NodeBehaviour {
  const asked = new Map<string, RingId>();
  return {
    receive(delivery) {
      const { message, from } = delivery;
      if (message.kind === 'lookup-request') asked.set(`${from.join()} ${message.requestId}`, message.key);
      return [delivery];
    },
    send(parcel) {
      if (parcel.message.kind !== 'lookup-reply') return [parcel];
      const question = `${parcel.to.join()} ${parcel.message.requestId}`;
      const key = asked.get(question);
      asked.delete(question);
      const providers = key === undefined ? [] : liesAbout(simulation, node, { key, lie });
      return [answering(parcel, providers)];
    },
  };
}

function answering(parcel: Parcel, providers: readonly LoadedProvider[]): Parcel {
  if (parcel.message.kind !== 'lookup-reply') return parcel;
  return { ...parcel, message: { ...parcel.message, providers } };
}

function liesAbout(
  simulation: Simulation,
  node: SimulatedNode,
  { key, lie }: { readonly key: RingId; readonly lie: Lie },
): LoadedProvider[] {
  if (lie === 'nobody') return [];
  const honest = node.machine.recordsHeld(key, simulation.nowMs)[0];
  const { publicKey, admitted, providerAddresses } = node.identity;
  const named =
    lie === 'forged' && honest !== undefined ? honest : { ...admitted, publicKey, nid: node.identity.nid };
  const record = signProviderRecord(
    {
      ...named,
      key,
      sequence: Math.floor(simulation.nowMs),
      ttlSeconds: 60,
      withdrawn: false,
      addresses: providerAddresses,
    },
    NETWORK,
    (message) => simulation.signatures.sign(publicKey, message),
  );
  return [{ record, load: 0 }];
}
