import { expect } from 'chai';

import { bytesToHex } from '../../../../sdk/protocol/bytes.ts';
import { parseAddress, parseNid } from '../../../../sdk/protocol/identifiers.ts';
import { AdmittedEdges, type AdmittedKey } from '../../../../node/core/one-hop-ring/admitted-edges.ts';
import { memberName } from '../../../../node/core/one-hop-ring/member-names.ts';
import { testKey } from './virtual-network.ts';

/** A position: 8 bytes of a name, then one of `tail`. */
const position = (name: number, tail: number): Uint8Array => new Uint8Array(32).fill(tail).fill(name, 0, 8);

function admitted(key: string, nid: Uint8Array): AdmittedKey {
  const operator = parseAddress(`0x${'11'.repeat(20)}`);
  return { publicKey: testKey(key), edge: { nid: parseNid(bytesToHex(nid)), operator, region: 'eu-west' } };
}

describe('admitted edges', () => {
  it('are known by key and by the leading bytes of their position', () => {
    const edges = new AdmittedEdges([admitted('a', position(1, 0)), admitted('b', position(2, 0))]);
    expect(edges.nidOf(testKey('b'))?.nid).to.equal(bytesToHex(position(2, 0)));
    expect(edges.publicKeyAt(memberName(position(2, 9)))).to.deep.equal(testKey('b'));
    expect(edges.nidOf(testKey('c'))).to.equal(undefined);
    expect(edges.publicKeyAt(memberName(position(3, 0)))).to.equal(undefined);
  });

  it('do not count if two share a name, all of them, and nobody else is harmed', () => {
    const alike = [1, 2, 3].map((tail) => admitted(`alike ${tail}`, position(5, tail)));
    const edges = new AdmittedEdges([...alike, admitted('other', position(6, 0))]);
    for (const { publicKey } of alike) expect(edges.nidOf(publicKey)).to.equal(undefined);
    expect(edges.publicKeyAt(memberName(position(5, 1)))).to.equal(undefined);
    expect(edges.nidOf(testKey('other'))).to.not.equal(undefined);
  });
});
