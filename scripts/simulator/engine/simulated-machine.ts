import type { RingTiming } from '../../../node/core/one-hop-ring/limits.ts';
import { signMemberRecord, type MemberRecord } from '../../../node/core/one-hop-ring/member-record.ts';
import type { RingId } from '../../../node/core/one-hop-ring/ring-identifier.ts';
import { RingMachine } from '../../../node/core/one-hop-ring/ring-machine.ts';
import { countingRandom, type RandomStreams } from '../../measuring/random-streams.ts';
import type { SharedTable } from '../tables/shared-table.ts';
import type { Identity, SimulatedRegistry } from './simulated-registry.ts';
import type { SimulatedSignatures } from './simulated-signature.ts';

/** The network's name in every signature. */
export const NETWORK = '/bcdn/31337/0x5fbdb2315678afecb367f032d93f642f64180aa3/ring/1';

/** What the machines of a simulation have in place of a node's adapters. */
export interface MachineWorld {
  readonly registry: SimulatedRegistry;
  readonly signatures: SimulatedSignatures;
  readonly streams: RandomStreams;
  readonly timing: RingTiming;
  readonly nowMs: number;
}

/** One run of an edge. */
export interface MachineRun {
  readonly index: number;
  readonly table: SharedTable;
  readonly isAnswerCertain: (nid: RingId) => boolean;
}

/** The ring's own machine for a run of an edge, with simulated signatures and its own stream of randomness. */
export function createMachine(world: MachineWorld, identity: Identity, run: MachineRun): RingMachine {
  const { publicKey, addresses, providerAddresses } = identity;
  const { signatures } = world;
  const ports = {
    admission: world.registry,
    sign: (message: Uint8Array) => signatures.sign(publicKey, message),
    verify: (key: Uint8Array, message: Uint8Array, signature: Uint8Array) =>
      signatures.verify(key, message, signature),
    random: countingRandom(world.streams.seedOf('node', run.index)),
    isAnswerCertain: run.isAnswerCertain,
  };
  return new RingMachine(ports, {
    ...{ network: NETWORK, publicKey, addresses, providerAddresses },
    ...{ incarnation: incarnationAt(world.nowMs), timing: world.timing, table: run.table },
  });
}

/** What an edge says of itself when it begins now. */
export function foundingRecord(world: MachineWorld, identity: Identity): MemberRecord {
  const { nid, publicKey, addresses, admitted } = identity;
  const { operator, region } = admitted;
  const incarnation = incarnationAt(world.nowMs);
  return signMemberRecord(
    { nid, publicKey, operator, region, incarnation, departed: false, addresses },
    NETWORK,
    (message) => world.signatures.sign(publicKey, message),
  );
}

function incarnationAt(nowMs: number): number {
  return Math.floor(nowMs / 1_000);
}
