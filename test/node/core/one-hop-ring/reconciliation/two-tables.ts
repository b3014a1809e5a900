import { hexToBytes } from '../../../../../sdk/protocol/bytes.ts';
import { accusationBytes, type Accusation } from '../../../../../node/core/one-hop-ring/membership-event.ts';
import { signMemberRecord, type MemberRecord } from '../../../../../node/core/one-hop-ring/member-record.ts';
import { repairSide, type RepairSide } from '../../../../../scripts/benchmark/ring-repair/repair-side.ts';
import {
  seededRandom,
  TEST_NETWORK,
  testKey,
  testPorts,
  testSignature,
  type TestRegistry,
} from '../virtual-network.ts';

export function sideOf(registry: TestRegistry, name: string): RepairSide {
  const publicKey = testKey(name);
  if (registry.nidOf(publicKey) === undefined) registry.add(publicKey);
  return repairSide(testPorts(publicKey, registry, seededRandom(1)), publicKey, TEST_NETWORK);
}

export function memberOf(registry: TestRegistry, name: string, incarnation = 1): MemberRecord {
  const publicKey = testKey(name);
  const edge = registry.nidOf(publicKey) ?? registry.add(publicKey);
  const { operator, region } = edge;
  const nid = hexToBytes(edge.nid);
  const addresses = ['/ip4/192.0.2.1/tcp/4001'];
  return signMemberRecord(
    { nid, publicKey, operator, region, incarnation, departed: false, addresses },
    TEST_NETWORK,
    (message) => testSignature(publicKey, message),
  );
}

/** A failure under the signatures of these. */
export function failureOf(record: MemberRecord, registry: TestRegistry, by: readonly string[]): Accusation {
  const claim = { kind: 'failed' as const, nid: record.nid, incarnation: record.incarnation };
  const witnesses = by.map((name) => {
    const publicKey = testKey(name);
    const edge = registry.nidOf(publicKey) ?? registry.add(publicKey);
    const signature = testSignature(publicKey, accusationBytes(TEST_NETWORK, claim));
    return { nid: hexToBytes(edge.nid), publicKey, signature };
  });
  return { ...claim, witnesses };
}
