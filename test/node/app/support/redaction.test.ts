import { expect } from 'chai';
import fc from 'fast-check';
import { Redaction } from '../../../../node/app/support/redaction.ts';

describe('redaction', () => {
  const redaction = new Redaction(['198.51.100.9', '2001:db8::9']);

  it('keeps what helps: own and loopback addresses, times, versions, names of contents and peers', () => {
    for (const text of [
      'listening on 127.0.0.1:8080 and 198.51.100.9, [::1]:80 and 2001:db8::9',
      '2026-11-21T20:57:39.123Z',
      'Node 24.21.0, libp2p 3.3.11',
      'bafybeibhozrvlj6a272odr7bzj4a465jwog5u3q7ruino4oinm5dlul62y',
      '12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp',
      '0x9fe46736679d2d9a65f0992f2272de9f3c7fa6e0',
      'http://127.0.0.1:9000',
    ]) {
      expect(redaction.text(text)).to.equal(text);
    }
  });

  it('removes every other address, in all its clothes', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        fc.pre(!/^127\.|^0\.0\.0\.0$/.test(address) && address !== '198.51.100.9');
        for (const text of [address, `from ${address}:443,`, `::ffff:${address}`, `/ip4/${address}/tcp/1`]) {
          expect(redaction.text(text)).not.to.contain(address);
        }
      }),
    );
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        // All zeros, perhaps with a one at the end, is this machine.
        fc.pre(/[2-9a-f]/i.test(address.replace(/127\..*/, '')));
        const shown = redaction.text(`from ${address} .`);
        expect(shown).to.equal('from <address> .');
      }),
    );
  });

  it('shortens every key, wherever it stands', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 96 }), fc.boolean(), (bytes, prefixed) => {
        const key = Buffer.from(bytes).toString('hex');
        const shown = redaction.text(`{"a":"${prefixed ? '0x' : ''}${key}"}`);
        expect(shown).to.equal(`{"a":"0x${key.slice(0, 8)}…"}`);
      }),
    );
  });

  it('goes through documents to their last text', () => {
    expect(redaction.value({ a: [{ b: 'http://u:p@h.example/x' }, 1, null], c: true })).to.deep.equal({
      a: [{ b: 'http://h.example/<removed>' }, 1, null],
      c: true,
    });
  });
});
