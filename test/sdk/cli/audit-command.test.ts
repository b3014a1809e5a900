import { readFile, writeFile } from 'node:fs/promises';

import { expect } from 'chai';
import { encryptKeystoreJson } from 'ethers';

import { bytesToHex } from '../../../sdk/protocol/bytes.ts';
import type { DealId } from '../../../sdk/protocol/identifiers.ts';
import { nativeSecp256k1 } from '../../../sdk/signing/native-secp256k1.ts';
import { AuditedMarket } from '../audit/audited-market.ts';
import { bcdn, type CommandResult } from './bcdn-process.ts';

interface AuditDocument {
  readonly schema: string;
  readonly agrees: boolean;
  readonly billedWei: string;
  readonly recomputedWei: string;
  readonly receipts: { readonly total: number; readonly counted: number; readonly rejected: object };
  readonly rejected: readonly { readonly code: string; readonly grantHash: string }[];
  readonly error: {
    readonly code: string;
    readonly remedy: string;
    readonly values: Record<string, unknown>;
  };
}

describe('bcdn audit on the command line', function () {
  this.timeout(60_000);
  let audited: AuditedMarket;
  let dealId: DealId;
  let keystore: string;
  let password: string;
  let file: string;

  before(async () => {
    audited = await AuditedMarket.open();
    const { market, room, api, near, far } = audited;
    ({ dealId } = await room.openFundedDeal(
      new Map([
        [near, 2n ** 26n],
        [far, 2n ** 26n],
      ]),
    ));
    const seen = [await audited.view(dealId, near, 123_457n), await audited.view(dealId, near, 1_000n)];
    await market.endEpoch();
    await room.levelWithChain();
    const [first] = seen;
    const pairs = seen.map(({ pair }) => pair);
    await api.ok(room.settle(dealId, near, { throughEpoch: first?.epoch ?? 0, pairs }));
    [keystore, password, file] = [audited.newFile(), audited.newFile(), audited.newFile()];
    const key = market.privateKey(1);
    const account = { address: nativeSecp256k1.addressOf(key), privateKey: bytesToHex(key) };
    // The cheapest parameters: how slow a keystore is to open is not what is tested here.
    await writeFile(keystore, await encryptKeystoreJson(account, 'right', { scrypt: { N: 2, r: 1, p: 1 } }));
    await writeFile(password, 'right\n');
  });

  after(() => audited.close());

  function download(out: string, changed: Record<string, string> = {}): Promise<CommandResult> {
    const options = {
      ...{ '--deal': dealId, '--marketplace': audited.url, '--out': out },
      ...{ '--keystore': keystore, '--password-file': password, ...changed },
    };
    return bcdn(['audit', 'download', '--json', ...Object.entries(options).flat()]);
  }

  const documentOf = ({ stdout }: CommandResult): AuditDocument => JSON.parse(stdout) as AuditDocument;

  it('downloads the books and finds that the bill agrees', async () => {
    const downloaded = await download(file);
    expect(downloaded.code, downloaded.stderr).to.equal(0);
    expect(documentOf(downloaded)).to.deep.include({
      schema: 'bcdn/audit-download/1',
      receipts: 2,
      vouchers: 1,
    });
    const result = await bcdn(['audit', file, '--json']);
    expect(result.code, result.stderr).to.equal(0);
    expect(documentOf(result)).to.deep.include({
      ...{ schema: 'bcdn/audit/1', agrees: true, billedWei: '124457', recomputedWei: '124457' },
      receipts: { total: 2, stated: 2, counted: 2, rejected: {} },
    });
  });

  it('says it in sentences, and the same with threads and with the chain asked', async () => {
    const plain = await bcdn(['audit', file]);
    expect(plain.stdout).to.match(/Receipts: 2, of which 2 count\./);
    expect(plain.stdout).to.match(
      /124457 bytes up to epoch \d+ = 0\.000000000000124457 BCDN.*agrees to the last unit/,
    );
    const threads = await bcdn(['audit', file, '--workers', '2', '--rpc', audited.market.chain.url]);
    expect(threads.code, threads.stderr).to.equal(0);
    expect(threads.stdout).to.equal(plain.stdout.replace('events by the marketplace', 'events by the chain'));
  });

  it('ends with 1 when the bill differs, and writes down every receipt that does not count', async () => {
    const changed = audited.newFile();
    const text = await readFile(file, 'utf8');
    const lines = text.split('\n');
    // A letter of a signature of the first receipt.
    const tampered = lines.map((line) =>
      line.startsWith('{"receipts"')
        ? line.slice(0, 350) + (line[350] === 'A' ? 'B' : 'A') + line.slice(351)
        : line,
    );
    await writeFile(changed, tampered.join('\n'));
    const rejected = audited.newFile();
    const result = await bcdn(['audit', changed, '--json', '--rejected', rejected]);
    expect(result.code, result.stderr).to.equal(1);
    const { agrees, rejected: named, receipts } = documentOf(result);
    expect(agrees).to.equal(false);
    expect(receipts).to.include({ total: 2, counted: 1 });
    const written = (await readFile(rejected, 'utf8')).trim().split('\n');
    expect(written.map((line) => JSON.parse(line) as object)).to.deep.equal(named);
    expect(named).to.have.length(1);
    const sentences = await bcdn(['audit', changed]);
    expect(sentences.stdout).to.contain(`#0 ${named[0]?.grantHash}: ${named[0]?.code}`);
    expect(sentences.stderr).to.contain('✗ The bill differs.');
  });

  it('tells wrong use, failures and silence apart by its exit code', async () => {
    const wrong = audited.newFile();
    await writeFile(wrong, 'wrong\n');
    const cases: readonly [result: Promise<CommandResult>, code: number, error: string][] = [
      [bcdn(['audit', '--json']), 2, 'OPTION_MISSING'],
      [bcdn(['audit', '--json', audited.newFile()]), 3, 'AUDIT_FILE_UNREADABLE'],
      [bcdn(['audit', '--json', wrong]), 3, 'AUDIT_FILE_MALFORMED'],
      [bcdn(['audit', '--json', file, '--rpc', 'http://127.0.0.1:9']), 4, 'CHAIN_UNREACHABLE'],
      [download(file), 3, 'AUDIT_FILE_OTHER'],
      [download(audited.newFile(), { '--password-file': wrong }), 2, 'PASSWORD_WRONG'],
      [download(audited.newFile(), { '--keystore': wrong }), 2, 'KEYSTORE_UNREADABLE'],
      [download(audited.newFile(), { '--marketplace': 'http://127.0.0.1:9' }), 4, 'UNREACHABLE'],
    ];
    for (const [running, code, error] of cases) {
      const result = await running;
      expect({ code: result.code, error: documentOf(result).error.code }, result.stderr).to.deep.equal({
        code,
        error,
      });
      expect(documentOf(result).error.remedy).to.not.equal('');
    }
    expect((await bcdn(['audit', '--workers', '-1'])).code).to.equal(2);
    expect((await bcdn(['nothing'])).code).to.equal(2);
    const help = await bcdn(['audit', '--help']);
    expect(help.code).to.equal(0);
    expect(help.stdout).to.contain('Examples:');
  });
});
