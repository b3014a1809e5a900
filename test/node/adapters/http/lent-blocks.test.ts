import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

import { expect } from 'chai';
import fc from 'fast-check';
import type { CID } from 'multiformats/cid';

import type { BlockLoan, BlockReader, BlockSpan } from '../../../../node/core/storage/block-ports.ts';
import { contentOf, patternBytes } from '../content-fixture.ts';
import { GatewayFixture } from './gateway-fixture.ts';

const MIB = 1024 * 1024;
const FILE_BYTES = 4 * MIB;
/** What stands in memory that was given back. In the file it never stands so often in a row. */
const POISON = Buffer.alloc(16, 0xdb);

/** Lends every block in memory of its own, and spoils that memory in the moment in which it is given back. */
class PoisoningReader implements BlockReader {
  readonly #reader: BlockReader;
  open = 0;
  lent = 0;
  endedTwice = 0;
  #onIdle: () => void = () => undefined;

  constructor(reader: BlockReader) {
    this.#reader = reader;
  }

  get(cid: CID): Promise<Uint8Array | undefined> {
    return this.#reader.get(cid);
  }

  sizeOf(cid: CID): Promise<number | undefined> {
    return this.#reader.sizeOf(cid);
  }

  async borrow(cid: CID, span?: BlockSpan): Promise<BlockLoan | undefined> {
    const block = await this.#reader.get(cid);
    if (block === undefined) return undefined;
    const own = new Uint8Array(block);
    let ended = false;
    this.open += 1;
    this.lent += 1;
    return {
      bytes: span === undefined ? own : own.subarray(span.start, span.end + 1),
      blockBytes: own.length,
      end: () => {
        if (ended) this.endedTwice += 1;
        ended = true;
        own.fill(POISON[0] ?? 0);
        this.open -= 1;
        if (this.open === 0) this.#onIdle();
      },
    };
  }

  /** Resolves when everything was given back. */
  async idle(): Promise<void> {
    if (this.open > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
  }
}

interface Client {
  readonly query: string;
  readonly range: { readonly start: number; readonly length: number } | undefined;
  /** Two ranges in one body. */
  readonly several: boolean;
  /** Leaves after so many bytes. */
  readonly leavesAfter: number;
  /** Reads so many bytes at a time, a turn of the event loop after the other. */
  readonly bite: number;
}

describe('Gateway: blocks that are lent', function () {
  this.timeout(60_000);
  const file = Buffer.from(patternBytes(FILE_BYTES, 3));
  let fixture: GatewayFixture;
  let reader: PoisoningReader | undefined;
  let port: number;

  const poisoning = (): PoisoningReader => {
    if (reader === undefined) throw new RangeError('nothing was decorated');
    return reader;
  };

  before(async () => {
    expect(file.includes(POISON)).to.equal(false);
    fixture = await GatewayFixture.start({
      content: await contentOf([{ content: file }], MIB),
      options: { freeBytesPerMinute: Infinity },
      decorate: (blocks) => (reader = new PoisoningReader(blocks)),
    });
    port = Number(new URL(fixture.origin).port);
  });
  after(() => fixture.stop());

  const begin = async (path: string, range?: string): Promise<Socket> => {
    const socket = connect(port, '127.0.0.1');
    // What was read before the other side broke off is judged; that it did is no failure.
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    const header = range === undefined ? '' : `range: bytes=${range}\r\n`;
    socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${header}\r\n`);
    return socket;
  };

  const rangeOf = ({ range, several }: Client): string | undefined => {
    if (range === undefined) return undefined;
    const first = `${range.start}-${Math.min(FILE_BYTES, range.start + range.length) - 1}`;
    return several ? `${first},-70000` : first;
  };

  /** All that a client reads before it leaves or has everything. */
  const read = async (client: Client): Promise<Buffer> => {
    const leaf = fixture.content.leaves[(client.range?.start ?? 0) % 4]?.cid.toString() ?? '';
    const cid = client.query === '?format=raw' ? leaf : fixture.content.root.toString();
    const socket = await begin(
      `/ipfs/${cid}${client.query}`,
      client.query === '' ? rangeOf(client) : undefined,
    );
    const chunks: Buffer[] = [];
    let bytes = 0;
    while (bytes < client.leavesAfter && !socket.readableEnded && !socket.destroyed) {
      const chunk = (socket.read(Math.min(client.bite, Math.max(1, socket.readableLength))) ?? undefined) as
        Buffer | undefined;
      if (chunk === undefined) await Promise.race([once(socket, 'readable'), once(socket, 'close')]);
      else {
        chunks.push(chunk);
        bytes += chunk.length;
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    socket.destroy();
    return Buffer.concat(chunks);
  };

  const requireRight = (client: Client, received: Buffer): void => {
    expect(received.includes(POISON), 'bytes that were given back').to.equal(false);
    if (client.query !== '' || client.several) return;
    const head = received.indexOf('\r\n\r\n');
    if (head === -1) return;
    const body = received.subarray(head + 4);
    const from = client.range?.start ?? 0;
    expect(body.equals(file.subarray(from, from + body.length)), 'the bytes of the file').to.equal(true);
    if (client.leavesAfter !== Infinity) return;
    const wanted = Math.min(FILE_BYTES - from, client.range?.length ?? FILE_BYTES);
    expect(body.length).to.equal(wanted);
  };

  it('are given back once, when their last byte has left or their client has', async () => {
    const client = fc.record({
      query: fc.constantFrom('', '', '', '?format=raw', '?format=car'),
      range: fc.option(
        fc.record({
          start: fc.nat(FILE_BYTES - 1),
          length: fc.oneof(fc.integer({ min: 1, max: 20_000 }), fc.integer({ min: 1, max: 2 * MIB })),
        }),
        { nil: undefined },
      ),
      several: fc.boolean(),
      leavesAfter: fc.oneof(fc.constant(Infinity), fc.nat(3 * MIB)),
      bite: fc.constantFrom(16_384, 65_536, MIB),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(client, { minLength: 1, maxLength: 6 }), async (clients) => {
        const received = await Promise.all(clients.map(read));
        clients.forEach((each, i) => requireRight(each, received[i] ?? Buffer.alloc(0)));
        await poisoning().idle();
        expect([poisoning().open, poisoning().endedTwice]).to.deep.equal([0, 0]);
      }),
      { numRuns: 15 },
    );
    expect(poisoning().lent).to.be.above(0);
  });

  it('stay lent while a client reads nothing, and come back when it is gone', async () => {
    const cid = fixture.content.root.toString();
    const sockets = await Promise.all([1, 2, 3].map(() => begin(`/ipfs/${cid}`)));
    // Their first bytes have come, and no socket takes the rest of 4 MiB for each of them at once.
    await Promise.all(sockets.map((socket) => once(socket, 'readable')));
    for (const socket of sockets) socket.destroy();
    await poisoning().idle();
    expect([poisoning().open, poisoning().endedTwice]).to.deep.equal([0, 0]);
  });
});
