import { expect } from 'chai';
import { TypedDataEncoder } from 'ethers';
import fc from 'fast-check';

import { bytesToHex } from '../../../sdk/protocol/bytes.ts';
import { parseAddress, parseDealId } from '../../../sdk/protocol/identifiers.ts';
import {
  networkDomainOf,
  nodePresenceDigest,
  parseNetworkDomain,
  peerReachDigest,
} from '../../../sdk/protocol/network-domain.ts';

const MARKET = parseAddress('0x5fbdb2315678afecb367f032d93f642f64180aa3');
const NODE = parseAddress(`0x${'ab'.repeat(20)}`);

describe('network domains', () => {
  it('are a region, or a label inside it', () => {
    expect(networkDomainOf('eu-west')).to.equal('eu-west');
    expect(networkDomainOf('eu-west', '')).to.equal('eu-west');
    expect(networkDomainOf('eu-west', 'as3320')).to.equal('eu-west/as3320');
    expect(parseNetworkDomain('eu-west/campus-7.north')).to.equal('eu-west/campus-7.north');
  });

  it('refuse everything else', () => {
    const wrong = ['', 'EU', 'eu west', 'a-region-too-long', 'eu/', '/x', 'eu/-x', 'eu/x-', 'eu/x/y', 'eu/X'];
    for (const text of [...wrong, `eu/${'x'.repeat(33)}`]) {
      expect(() => parseNetworkDomain(text), text)
        .to.throw()
        .with.property('code', 'DOMAIN_INVALID');
    }
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          return parseNetworkDomain(text) === text;
        } catch (error) {
          return (error as { code?: string }).code === 'DOMAIN_INVALID';
        }
      }),
    );
  });

  it('are told in words with the digest that ethers computes', () => {
    const domain = { chainId: 31_337n, verifyingContract: MARKET };
    const fields = [
      { name: 'node', type: 'address' },
      { name: 'label', type: 'string' },
      { name: 'carries', type: 'bool' },
      { name: 'expiresAt', type: 'uint64' },
    ];
    for (const presence of [
      { node: NODE, label: '', carries: false, expiresAt: 1n },
      { node: NODE, label: 'as3320', carries: true, expiresAt: 1_795_000_000n },
    ]) {
      const expected = TypedDataEncoder.hash(
        { name: 'BCDN', version: '1', ...domain },
        { NodePresence: fields },
        presence,
      );
      expect(bytesToHex(nodePresenceDigest(domain, presence))).to.equal(expected);
    }
  });

  it('are left for a deal by a word of its publisher, with the digest that ethers computes', () => {
    const domain = { chainId: 31_337n, verifyingContract: MARKET };
    const fields = [
      { name: 'dealId', type: 'bytes32' },
      { name: 'everywhere', type: 'bool' },
      { name: 'issuedAt', type: 'uint64' },
    ];
    const reach = { dealId: parseDealId(`0x${'d1'.repeat(32)}`), everywhere: true, issuedAt: 1_795_000_000n };
    const expected = TypedDataEncoder.hash(
      { name: 'BCDN', version: '1', ...domain },
      { PeerReach: fields },
      reach,
    );
    expect(bytesToHex(peerReachDigest(domain, reach))).to.equal(expected);
  });
});
