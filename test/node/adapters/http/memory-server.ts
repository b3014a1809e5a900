import { contentOf } from '../content-fixture.ts';
import { GatewayFixture } from './gateway-fixture.ts';

/*
 * A gateway in a process of its own, so that its memory can be told from that of its clients and of whoever
 * made the content. Arguments: `prepare` and the bytes of the content, which is stored and its place printed;
 * or `serve` and that place: prints the address, answers each line on stdin with its largest memory so far,
 * and ends with stdin.
 */
const [mode = '', argument = ''] = process.argv.slice(2);
const MIB = 1024 * 1024;
const QUOTA_BYTES = 2 ** 30;

async function* generated(bytes: number): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < bytes; offset += MIB) {
    const chunk = Buffer.alloc(Math.min(MIB, bytes - offset), 'bcdn');
    chunk.writeUInt32BE(offset / MIB, 0);
    yield chunk;
  }
}

function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

const content = await contentOf([{ content: Uint8Array.of(1) }]);
const options = { freeBytesPerMinute: Infinity };
if (mode === 'prepare') {
  const fixture = await GatewayFixture.start({ content, options, quotaBytes: QUOTA_BYTES });
  const root = await fixture.importStreamed(generated(Number(argument)), MIB);
  print({ directory: fixture.directory, cid: root.toString() });
  await fixture.detach();
} else {
  const fixture = await GatewayFixture.start({
    content,
    options,
    quotaBytes: QUOTA_BYTES,
    directory: argument,
  });
  print({ origin: fixture.origin });
  for await (const line of process.stdin) {
    if (String(line).length > 0) print({ rssMiB: process.resourceUsage().maxRSS / 1024 });
  }
  await fixture.stop();
}
