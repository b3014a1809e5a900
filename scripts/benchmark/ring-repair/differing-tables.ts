import type { MemberRecord } from '../../../node/core/one-hop-ring/member-record.ts';
import { signMemberRecord } from '../../../node/core/one-hop-ring/member-record.ts';
import type { RingPorts } from '../../../node/core/one-hop-ring/ring-ports.ts';
import { RandomStreams } from '../../measuring/random-streams.ts';
import { SimulatedRegistry, type Identity } from '../../simulator/engine/simulated-registry.ts';
import { SimulatedSignatures } from '../../simulator/engine/simulated-signature.ts';
import { repairSide, type RepairSide } from './repair-side.ts';

const NETWORK = '/bcdn/31337/0x1111111111111111111111111111111111111111/ring/2';
const REGION = 'eu-west';

export interface DifferingTables {
  readonly sides: readonly [RepairSide, RepairSide];
  /** Of a download of the whole table: every record with its tag. */
  readonly wholeBytes: number;
}

/**
 * Two tables of one ring that differ in some members, each known to one side only, in turn.
 * @param entries members that both or either know, the two sides not counted
 */
export function differingTables(options: {
  readonly entries: number;
  readonly differences: number;
  readonly seed: number;
}): DifferingTables {
  const streams = new RandomStreams(options.seed);
  const registry = new SimulatedRegistry(streams.stream('identities'));
  const signatures = new SimulatedSignatures(streams.seedOf('signatures', 0));
  const side = (name: string): RepairSide => {
    const { publicKey } = registry.register(0, REGION);
    const ports: RingPorts = {
      admission: registry,
      random: streams.stream(name),
      sign: (message) => signatures.sign(publicKey, message),
      verify: (key, message, signature) => signatures.verify(key, message, signature),
    };
    return repairSide(ports, publicKey, NETWORK);
  };
  const sides = [side('first side'), side('second side')] as const;
  let wholeBytes = 0;
  for (let i = 0; i < options.entries; i++) {
    const record = recordOf(registry.register(0, REGION), signatures);
    wholeBytes += 1 + record.encoded.length;
    sides.forEach(({ context }, number) => {
      if (i >= options.differences || i % 2 === number) context.table.put(record.nid, record, 'alive');
    });
  }
  return { sides, wholeBytes };
}

function recordOf(identity: Identity, signatures: SimulatedSignatures): MemberRecord {
  const { nid, publicKey, addresses, admitted } = identity;
  const { operator, region } = admitted;
  return signMemberRecord(
    { nid, publicKey, operator, region, incarnation: 1, departed: false, addresses },
    NETWORK,
    (message) => signatures.sign(publicKey, message),
  );
}
