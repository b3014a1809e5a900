import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { contentRootOf } from '../../../sdk/protocol/content.ts';
import { dataDirAt } from '../../../node/app/config/data-dir.ts';
import { BlockStore } from '../../../node/adapters/disk/block-store.ts';
import type { DamagedBlock } from '../../../node/adapters/disk/block-store-audit.ts';
import { progressLine } from '../../../node/cli/verify.ts';
import { blockPath, damageStore, inOrder, storeContent } from '../adapters/disk/damaged-store.ts';
import { contentOf, patternBytes, type TestContent } from '../adapters/content-fixture.ts';
import { eventually } from './eventually.ts';
import { bcdnNode, NodeProcess } from './node-process.ts';

const ADDRESS = '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266';
/** No chain answers there: a node waits for it, and its door is open meanwhile. */
const NOBODY = 'http://127.0.0.1:9';

interface VerifyDocument {
  readonly schema: string;
  readonly ok: boolean;
  readonly running: boolean;
  readonly checkedBlocks: number;
  readonly damage: Readonly<Record<string, number>>;
  readonly repaired: number;
  readonly blocks: readonly (DamagedBlock & { readonly cid: string })[];
  readonly contents: readonly string[];
}

describe('bcdn-node verify', function () {
  this.timeout(60_000);
  let directory: string;
  let dataDir: string;
  let content: TestContent;
  let damaged: DamagedBlock[];

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'bcdn-verify-'));
    dataDir = join(directory, 'node');
    content = await contentOf([{ content: patternBytes(600 * 1024) }]);
    await storeContent(dataDirAt(dataDir).content, content);
    damaged = [];
  });

  afterEach(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  async function verify(...extra: string[]): Promise<VerifyDocument & { readonly code: number | null }> {
    const { code, stdout, stderr } = await bcdnNode(['verify', '--json', '--data-dir', dataDir, ...extra]);
    expect(stdout, stderr).to.not.equal('');
    return { ...(JSON.parse(stdout) as VerifyDocument), code };
  }

  const found = ({ blocks }: VerifyDocument): DamagedBlock[] =>
    inOrder(blocks.map(({ digest, damage }) => ({ digest, damage })));

  it('finds a whole store whole', async () => {
    const result = await verify();
    expect(result).to.deep.include({ code: 0, schema: 'bcdn-node/verify/1', ok: true, running: false });
    expect(result.checkedBlocks).to.equal(content.blocks.length);
  });

  it('ends with 1 for damage, and with 0 once it is repaired; then the content is incomplete', async () => {
    damaged = await damageStore(dataDirAt(dataDir).content, content);
    const first = await verify();
    expect(first).to.deep.include({ code: 1, ok: false, repaired: 0 });
    expect(first.damage).to.deep.equal({ torn: 1, corrupt: 1, missing: 1, unindexed: 1 });
    expect(found(first)).to.deep.equal(damaged);
    expect(first.contents).to.deep.equal([contentRootOf(content.root)]);
    expect(await verify('--repair')).to.deep.include({ code: 0, ok: true, repaired: 4 });
    expect(await verify()).to.deep.include({ code: 0, ok: true, checkedBlocks: content.blocks.length - 3 });
    const store = new BlockStore({ directory: dataDirAt(dataDir).content, quotaBytes: 1 << 28 });
    expect(await store.open()).to.deep.include({ removedFiles: 0, lostBlocks: 0 });
    expect(store.isComplete(contentRootOf(content.root))).to.equal(false);
    await store.close();
  });

  it('has a running node drop what is damaged', async () => {
    const node = await startWithoutChain();
    try {
      damaged = await damageStore(dataDirAt(dataDir).content, content);
      const result = await verify('--repair');
      expect(result).to.deep.include({ code: 0, ok: true, running: true, repaired: 4 });
      expect(found(result)).to.deep.equal(damaged);
      for (const { digest } of damaged) {
        const path = blockPath(dataDirAt(dataDir).content, digest);
        expect(await stat(path).catch(() => undefined)).to.equal(undefined);
      }
      expect(await verify()).to.deep.include({ code: 0, ok: true, running: true });
    } finally {
      await node.end('SIGTERM');
    }
  });

  it('says what is missing where there is no store', async () => {
    await rm(dataDir, { recursive: true });
    const { code, stdout } = await bcdnNode(['verify', '--json', '--data-dir', dataDir]);
    expect(code).to.equal(1);
    expect((JSON.parse(stdout) as { error: { code: string } }).error.code).to.equal('STORE_MISSING');
  });

  it('tells share, rate and time left', () => {
    const progress = {
      checkedBlocks: 3,
      totalBlocks: 12,
      checkedBytes: 3 * 2 ** 20,
      totalBytes: 12 * 2 ** 20,
    };
    expect(progressLine({ ...progress, elapsedMs: 1_500 })).to.equal(
      '25 %: 3 of 12 blocks, 3 MiB, 2 MiB/s, 5 s left',
    );
    expect(progressLine({ ...progress, checkedBytes: 0, checkedBlocks: 0, elapsedMs: 0 })).to.equal(
      '0 %: 0 of 12 blocks, 0 B, 0 B/s',
    );
  });

  /** A node that holds the data directory and answers its operator. */
  async function startWithoutChain(): Promise<NodeProcess> {
    const deployment = join(directory, 'deployment.json');
    const password = join(directory, 'password');
    const addresses = { token: `0x${'11'.repeat(20)}`, registry: `0x${'22'.repeat(20)}` };
    const facts = { chainId: '31337', market: `0x${'33'.repeat(20)}`, deployedAtBlock: 1 };
    await writeFile(deployment, JSON.stringify({ ...facts, ...addresses }));
    await writeFile(password, 'right\n');
    const place = ['--data-dir', dataDir, '--password-file', password];
    const { code, stderr } = await bcdnNode([
      ...['init', ...place, '--role', 'edge', '--region', 'eu-west', '--rpc-url', NOBODY],
      ...['--deployment', deployment, '--marketplace-url', NOBODY, '--payout', ADDRESS],
    ]);
    expect(code, stderr).to.equal(0);
    const node = new NodeProcess([...place, '--tcp-port', '0', '--ws-port', '0', '--http-port', '0']);
    await eventually(async () => {
      const { code: answer } = await bcdnNode(['status', '--json', '--data-dir', dataDir]);
      expect(answer, node.stderr()).to.not.equal(4);
    });
    return node;
  }
});
