import { cpus } from 'node:os';

import { contentOf } from '../content-fixture.ts';
import { GatewayFixture } from './gateway-fixture.ts';

/*
 * A gateway in a process of its own, so that its memory can be told from that of its clients. Prints its
 * address and the CID; answers each line on stdin with its largest memory so far; ends with stdin.
 */
const [bytes = 0] = process.argv.slice(2).map(Number);
const MIB = 1024 * 1024;

async function* generated(): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < bytes; offset += MIB) {
    const chunk = Buffer.alloc(Math.min(MIB, bytes - offset), 'bcdn');
    chunk.writeUInt32BE(offset / MIB, 0);
    yield chunk;
  }
}

// The content is built and imported by blocks that are not kept: only what the gateway holds is measured.
const fixture = await GatewayFixture.start({
  content: await contentOf([{ content: Uint8Array.of(1) }]),
  options: { freeBytesPerMinute: Infinity },
  quotaBytes: 2 * bytes + 64 * MIB,
});
const root = await fixture.importStreamed(generated(), MIB);
process.stdout.write(
  `${JSON.stringify({ origin: fixture.origin, cid: root.toString(), cpus: cpus().length })}\n`,
);
for await (const line of process.stdin) {
  if (String(line).length === 0) continue;
  process.stdout.write(`${JSON.stringify({ rssMiB: process.resourceUsage().maxRSS / 1024 })}\n`);
}
await fixture.stop();
