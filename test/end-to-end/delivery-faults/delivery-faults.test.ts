import { execFile } from 'node:child_process';
import { mkdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { expect } from 'chai';

import { FaultyNetwork, type Viewer } from './faulty-network.ts';
import type { Fetched } from './viewer-messages.ts';

const MIB = 1024 * 1024;
const SEED = 5;
const FILE_BYTES = 16 * MIB + 12_345;
const EDGES = 4;
/** At most: what names the leaves. */
const INNER_NODE_BYTES = 16 * 1024;
/** Of each edge. */
const CALM = { kind: 'slow', bytesPerSecond: 4 * MIB } as const;
/** So slow that a fetch is still under way when it is disturbed, and three go on for longer than a viewer waits for a fourth. */
const LEISURELY = { kind: 'slow', bytesPerSecond: 1.25 * MIB } as const;
const run = promisify(execFile);

/** Nodes that were dropped, with the reasons. */
function droppedBy({ droppedNodes }: Fetched): Record<string, string> {
  return Object.fromEntries(droppedNodes.map(({ node, reason }) => [node, reason]));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

describe(`a fetch from real edges that fail (seed ${SEED})`, function () {
  this.timeout(180_000);
  let faulty: FaultyNetwork;

  before(async () => {
    faulty = await FaultyNetwork.start(EDGES, { bytes: FILE_BYTES, seed: SEED });
  });

  after(async () => {
    await faulty.stop();
  });

  beforeEach(async () => {
    await faulty.faults();
    await faulty.network.offered();
  });

  /** Every byte right, nothing else left, and somebody holds a receipt for every verified byte. */
  async function expectWhole(viewer: Viewer): Promise<Fetched> {
    const fetched = await viewer.fetched();
    expect(await faulty.isExact(viewer)).to.equal(true);
    expect(await faulty.left(viewer)).to.deep.equal(['']);
    expect(fetched.receipts.filter(({ heldBy }) => heldBy === 'nobody')).to.deep.equal([]);
    expect(sum(fetched.receipts.map(({ bytes }) => bytes))).to.equal(sum(Object.values(fetched.bytesByNode)));
    return fetched;
  }

  it('that is killed in the middle: the others go on, the coordinator holds its receipts', async () => {
    await faulty.faults(LEISURELY, LEISURELY, LEISURELY, LEISURELY);
    const viewer = faulty.view();
    await viewer.wrote(4 * MIB);
    await faulty.edge(3).node.kill();
    try {
      const fetched = await expectWhole(viewer);
      expect(droppedBy(fetched)).to.include({ [faulty.operator(3)]: 'unreachable' });
      const owed = fetched.receipts.filter(({ node }) => node === faulty.operator(3));
      expect(owed.map(({ heldBy }) => heldBy)).to.include('coordinator');
    } finally {
      await faulty.revive(3);
    }
  });

  it('that is stopped and goes on later: it is dropped as stalled, and serves the next viewer', async () => {
    await faulty.faults(LEISURELY, LEISURELY, LEISURELY, LEISURELY);
    const viewer = faulty.view();
    await viewer.wrote(4 * MIB);
    const { pid } = faulty.edge(2).node;
    process.kill(pid, 'SIGSTOP');
    try {
      const fetched = await expectWhole(viewer);
      expect(droppedBy(fetched)).to.include({ [faulty.operator(2)]: 'stalled' });
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await faulty.network.offered();
    const again = await expectWhole(faulty.view());
    expect(again.bytesByNode[faulty.operator(2)]).to.be.greaterThan(0);
  });

  it('whose bytes are changed on the way: not one of them is kept, paid or asked for again', async () => {
    await faulty.faults({ kind: 'corrupt' }, CALM, CALM, CALM);
    const fetched = await expectWhole(faulty.view());
    expect(droppedBy(fetched)).to.include({ [faulty.operator(0)]: 'corrupt' });
  });

  it('that send too little, chunks that are none, and answers without end: one good edge is enough', async () => {
    await faulty.faults({ kind: 'short' }, { kind: 'garbage' }, { kind: 'endless' });
    const fetched = await expectWhole(faulty.view());
    const good = Object.entries(fetched.bytesByNode).filter(([, bytes]) => bytes > 0);
    expect(good.map(([node]) => node)).to.deep.equal([faulty.operator(3)]);
    const dropped = droppedBy(fetched);
    expect(Object.keys(dropped).sort()).to.deep.equal([0, 1, 2].map((i) => faulty.operator(i)).sort());
    expect(dropped[faulty.operator(2)]).to.equal('oversized');
    expect([dropped[faulty.operator(0)], dropped[faulty.operator(1)]]).to.deep.equal([
      'unreachable',
      'unreachable',
    ]);
  });

  it('that are ten times slower, or let a kibibyte through each second: the fast ones carry it', async () => {
    const slow = { kind: 'slow', bytesPerSecond: CALM.bytesPerSecond / 10 } as const;
    await faulty.faults(CALM, CALM, slow, { kind: 'slow', bytesPerSecond: 1024 });
    const fetched = await expectWhole(faulty.view());
    const from = (index: number): number => fetched.bytesByNode[faulty.operator(index)] ?? 0;
    expect(from(0) + from(1)).to.be.greaterThan(0.75 * FILE_BYTES);
    expect(from(3)).to.be.at.most(MIB);
  });

  it('all of which are gone: it says so by a code, leaves a part, and resumes when they are back', async () => {
    await faulty.faults(LEISURELY, LEISURELY, LEISURELY, LEISURELY);
    const viewer = faulty.view();
    const written = await viewer.wrote(5 * MIB);
    const cut = { kind: 'cut' } as const;
    await faulty.faults(cut, cut, cut, cut);
    const { code, remedy } = await viewer.failed();
    // Whether the coordinator has noticed as well decides who says it.
    expect(code).to.be.oneOf(['NO_SOURCES', 'MARKETPLACE_REFUSED']);
    expect(remedy).to.not.equal('');
    expect(await faulty.left(viewer)).to.deep.equal(['.part', '.part.journal']);
    await faulty.faults();
    const resumed = await expectWhole(faulty.view({ name: nameOf(viewer) }));
    expect(resumed.resumedBytes).to.be.at.least(written);
  });

  it('by a viewer that is killed: nothing written is fetched again, and no file is there before it is whole', async () => {
    await faulty.faults(LEISURELY, LEISURELY, LEISURELY, LEISURELY);
    const viewer = faulty.view();
    const written = await viewer.wrote(9 * MIB);
    await viewer.child.kill();
    expect(await faulty.left(viewer)).to.deep.equal(['.part', '.part.journal']);
    await faulty.faults();
    const resumed = await expectWhole(faulty.view({ name: nameOf(viewer) }));
    expect(resumed.resumedBytes).to.be.at.least(written);
    // A block that two edges were asked for may come from both; it is counted as a duplicate.
    const fetchedBytes = sum(Object.values(resumed.bytesByNode)) - resumed.duplicateBlocks * MIB;
    expect(fetchedBytes).to.be.at.most(FILE_BYTES - written + INNER_NODE_BYTES);
  });

  it('onto a disk that is full: the system says so, what came is paid, and room lets it go on', async () => {
    const folder = join(faulty.folder, 'small-disk');
    await mkdir(folder);
    const mounted = await run('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', folder]).then(
      () => true,
      () => false,
    );
    // Without the right to mount, a limit of the file's size makes the same write fail (EFBIG instead of ENOSPC).
    const viewer = faulty.view({ folder, ...(mounted ? {} : { fileLimitBytes: 8 * MIB }) });
    try {
      const { code, values } = await viewer.failed();
      expect(code).to.equal('SINK_FAILED');
      expect(String(values['reason'])).to.match(mounted ? /ENOSPC/ : /EFBIG/);
      expect(await faulty.left(viewer)).to.deep.equal(['.part', '.part.journal']);
      if (mounted) await run('mount', ['-o', 'remount,size=128m', folder]);
      await expectWhole(faulty.view({ folder, name: nameOf(viewer) }));
    } finally {
      if (mounted) await run('umount', ['-l', folder]);
      if (mounted) await rmdir(folder);
    }
  });
});

function nameOf({ path }: Viewer): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
