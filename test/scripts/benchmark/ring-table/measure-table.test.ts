import { expect } from 'chai';

import { compareBytes } from '../../../../sdk/protocol/bytes.ts';
import { RoutingTable } from '../../../../node/core/one-hop-ring/routing-table.ts';
import { bigintTable, hexTable } from '../../../../scripts/benchmark/ring-table/naive-tables.ts';
import { SampleMembers } from '../../../../scripts/benchmark/ring-table/sample-members.ts';

describe('bench ring-table', () => {
  it('compares tables that find the same owners', () => {
    const sample = new SampleMembers(7);
    const ids = Array.from({ length: 300 }, () => sample.position());
    const table = new RoutingTable();
    ids.forEach((id, i) => table.put(id, sample.record(i), 'alive'));
    const sorted = ids.toSorted(compareBytes);
    const [bigints, hexes] = [bigintTable(ids), hexTable(ids)];
    for (let i = 0; i < 300; i++) {
      const key = sample.position();
      const owner = table.successor(key)?.nid;
      expect(owner).to.deep.equal(sorted[bigints.ownerRank(key)]);
      expect(owner).to.deep.equal(sorted[hexes.ownerRank(key)]);
    }
  });
});
