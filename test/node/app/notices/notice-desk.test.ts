import { hash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import {
  contentNoticeDigest,
  encodeSignedNotice,
  NOTICE_VALIDITY_SECONDS,
  type ContentNotice,
} from '../../../../sdk/protocol/content-notice.ts';
import { ProtocolError } from '../../../../sdk/protocol/errors.ts';
import {
  parseAddress,
  parseContentRoot,
  parseDealId,
  type DealId,
} from '../../../../sdk/protocol/identifiers.ts';
import { nativeSecp256k1 } from '../../../../sdk/signing/native-secp256k1.ts';
import { NoticeStore } from '../../../../node/adapters/disk/notice-store.ts';
import { NoticeDesk } from '../../../../node/app/notices/notice-desk.ts';
import { NoticeError } from '../../../../node/core/notices/notice-error.ts';
import { PUBLISHER_NOTICES, UNKNOWN_DEALS } from '../../../../node/core/notices/notice-limits.ts';

const DOMAIN = { chainId: 31_337n, verifyingContract: parseAddress(`0x${'aa'.repeat(20)}`) };
const publisherKey = hash('sha256', 'publisher', 'buffer');
const strangerKey = hash('sha256', 'stranger', 'buffer');
const ROOT = parseContentRoot(`0x${'c1'.repeat(32)}`);
const dealNumber = (number: number): DealId => parseDealId(`0x${number.toString(16).padStart(64, '0')}`);
const DEAL = dealNumber(1);
const NOW_SECONDS = 1_795_000_000;

describe('NoticeDesk', () => {
  let directory: string;
  let store: NoticeStore;
  let desk: NoticeDesk;
  let nowMs: number;
  let lookups: number;
  let chainAway: boolean;
  let obeyed: ContentNotice[];

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'bcdn-desk-'));
    store = new NoticeStore(join(directory, 'notices.sqlite'));
    nowMs = NOW_SECONDS * 1_000;
    lookups = 0;
    chainAway = false;
    obeyed = [];
    desk = new NoticeDesk({
      domain: DOMAIN,
      secp256k1: nativeSecp256k1,
      clock: { nowMs: () => nowMs },
      store,
      dealOf: async (dealId) => {
        lookups += 1;
        if (chainAway) throw new RangeError('the chain is away');
        const publisher = nativeSecp256k1.addressOf(publisherKey);
        return dealId === DEAL ? { publisher, contentRoot: ROOT } : undefined;
      },
      accepted: ({ notice }) => obeyed.push(notice),
    });
  });

  afterEach(async () => {
    store.close();
    await rm(directory, { recursive: true, force: true });
  });

  function signed(changes: Partial<ContentNotice> = {}, key = publisherKey): Uint8Array {
    const notice: ContentNotice = {
      dealId: DEAL,
      kind: 'purge',
      contentRoot: ROOT,
      path: '',
      tag: '',
      sequence: 1n,
      issuedAt: BigInt(Math.floor(nowMs / 1_000)),
      ...changes,
    };
    return encodeSignedNotice({
      notice,
      signature: nativeSecp256k1.sign(contentNoticeDigest(DOMAIN, notice), key),
    });
  }

  async function codeOf(bytes: Uint8Array): Promise<string> {
    try {
      await desk.take(bytes);
      return 'taken';
    } catch (error) {
      if (error instanceof NoticeError || error instanceof ProtocolError) return error.code;
      throw error;
    }
  }

  it('obeys what the publisher signed, once, whatever the order of the numbers', async () => {
    for (const sequence of [5n, 3n, 4n]) expect(await desk.judge(signed({ sequence }))).to.equal('accept');
    expect(await desk.judge(signed({ sequence: 3n }))).to.equal('ignore');
    expect(await codeOf(signed({ sequence: 4n, kind: 'takedown' }))).to.equal('NOTICE_REPEATED');
    expect(obeyed.map(({ sequence }) => sequence)).to.deep.equal([5n, 3n, 4n]);
    expect(lookups).to.equal(1);
  });

  it('holds forgeries against the neighbour, and keeps nothing of them', async () => {
    expect(await desk.judge(signed({}, strangerKey))).to.equal('reject');
    const other = parseContentRoot(`0x${'c2'.repeat(32)}`);
    expect(await desk.judge(signed({ contentRoot: other }))).to.equal('reject');
    expect(await desk.judge(Uint8Array.of(1, 2, 3))).to.equal('reject');
    const broken = signed();
    broken.fill(0xff, broken.length - 64);
    expect(await desk.judge(broken)).to.equal('reject');
    expect(obeyed).to.deep.equal([]);
    expect(store.unapplied()).to.deep.equal([]);
    expect(await desk.judge(signed())).to.equal('accept');
  });

  it('neither obeys nor forwards what it cannot judge, and takes it later', async () => {
    chainAway = true;
    expect(await desk.judge(signed())).to.equal('ignore');
    chainAway = false;
    expect(await desk.judge(signed())).to.equal('accept');
    expect(await codeOf(signed({ dealId: dealNumber(2) }))).to.equal('NOTICE_UNKNOWN_DEAL');
  });

  it('is not moved by an old purge that is played again, but by a takedown of any age', async () => {
    const purge = signed();
    const takedown = signed({ kind: 'takedown', sequence: 2n });
    nowMs += (NOTICE_VALIDITY_SECONDS + 1) * 1_000;
    expect(await codeOf(purge)).to.equal('NOTICE_EXPIRED');
    expect(await codeOf(takedown)).to.equal('taken');
  });

  it('takes so many notices of one publisher, then one a second', async () => {
    const { burst } = PUBLISHER_NOTICES;
    for (let i = 0; i < burst; i++) expect(await codeOf(signed({ sequence: BigInt(i) }))).to.equal('taken');
    expect(await codeOf(signed({ sequence: 1_000n }))).to.equal('NOTICES_TOO_MANY');
    nowMs += 1_000;
    expect(await codeOf(signed({ sequence: 1_000n }))).to.equal('taken');
    expect(await codeOf(signed({ sequence: 1_001n }))).to.equal('NOTICES_TOO_MANY');
    await desk.take(signed({ sequence: 1_002n }), { rationed: false });
    expect(obeyed).to.have.lengthOf(burst + 2);
  });

  it('asks the chain no more often than the bound for deals that do not exist', async () => {
    for (let i = 0; i < 3 * UNKNOWN_DEALS.burst; i++) {
      expect(await desk.judge(signed({ dealId: dealNumber(i + 10) }))).to.equal('ignore');
    }
    expect(lookups).to.equal(UNKNOWN_DEALS.burst);
    nowMs += 1_000;
    expect(await desk.judge(signed())).to.equal('accept');
  });
});
