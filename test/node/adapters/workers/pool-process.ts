// A node's part with two workers, as a process of its own: says where it serves, drains on SIGTERM.
import { contentOf, patternBytes } from '../content-fixture.ts';
import { PoolFixture } from './pool-fixture.ts';

const MIB = 1024 * 1024;

const content = await contentOf([{ content: patternBytes(5 * MIB) }]);
const fixture = await PoolFixture.start({ content, freeBytesPerMinute: 100 * MIB });
process.on('SIGTERM', () => {
  void fixture.stop().then(() => process.exit(0));
});
const pids = fixture.pool.standing().processes.map(({ pid }) => pid);
process.stdout.write(
  `${JSON.stringify({ origin: fixture.origin, directory: fixture.base.directory, path: `/ipfs/${content.root.toString()}`, pids })}\n`,
);
