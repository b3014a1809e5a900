import { MAX_CREDIT_BYTES, MAX_SERVED_BLOCK_BYTES } from '../protocol/limits.ts';
import type { Address } from '../protocol/identifiers.ts';
import {
  CAP_GROWTH,
  EPOCH_SWITCH_MARGIN_MS,
  EPOCH_SWITCH_SHARE,
  FIRST_CAP_BYTES,
  LOW_CAP_BYTES,
  MAX_CAP_BYTES,
  MAX_LANES_PER_SOURCE,
  MAX_REFUSAL_PAUSE_MS,
  MIN_RENEWAL_MS,
  REFUSAL_PAUSE_MS,
  RENEWAL_SHARE,
} from './client-limits.ts';
import type { Clock } from '../pacing/clock.ts';
import type { GrantAccount } from './grant-account.ts';
import type { GrantAsk, IssuedGrant } from './viewer-session.ts';

/** Where grants come from. */
export type GrantIssuer = (ask: GrantAsk) => Promise<readonly IssuedGrant[]>;

/** An account with the node that it is for. */
export interface NodeAccount {
  readonly node: Address;
  readonly account: GrantAccount;
}

/**
 * All grants of a fetch: which are used with a node now, and which must be asked for, because an epoch ends, a cap
 * is nearly used up, or the books of a grant no longer agree.
 *
 * A node risks at most its credit window under one grant (PAYMENT.md, off-chain credit): one block of full size. Where
 * a round trip takes so long that one block does not keep the node busy, several grants are used side by side.
 */
export class GrantBook {
  readonly #clock: Clock;
  readonly #issue: GrantIssuer;
  readonly #epochMs: number;
  readonly #accounts = new Map<Address, GrantAccount[]>();
  /** Grants to use side by side, by node. @default 1 */
  readonly #lanes = new Map<Address, number>();
  /** Nodes for which the coordinator gave no further grant. */
  readonly #narrow = new Set<Address>();
  /** Nodes whose next grant is being asked for. */
  readonly #asking = new Set<Address>();
  /** Apart, so that a next epoch whose grants are not issued yet holds none of this one back. */
  readonly #pauses = { now: { failures: 0, untilMs: 0 }, next: { failures: 0, untilMs: 0 } };
  #asked = 1n;

  constructor(
    components: { readonly clock: Clock; readonly issue: GrantIssuer },
    options: { readonly epochSeconds: number },
  ) {
    this.#clock = components.clock;
    this.#issue = components.issue;
    this.#epochMs = options.epochSeconds * 1000;
  }

  /** Takes grants in; one that is known already is not taken twice. @returns how many were new */
  add(issued: readonly IssuedGrant[]): number {
    let added = 0;
    for (const { node, account } of issued) {
      const accounts = this.#accounts.get(node) ?? [];
      if (accounts.some(({ grantHash }) => grantHash === account.grantHash)) continue;
      this.#accounts.set(node, [...accounts, account]);
      added += 1;
    }
    return added;
  }

  /** The grants to use with a node now, most left first. Those that they take the place of are retired. */
  current(node: Address): readonly GrantAccount[] {
    const nowMs = this.#clock.nowMs();
    const usable: GrantAccount[] = [];
    for (const account of this.#accounts.get(node) ?? []) {
      if (account.retired !== undefined || nowMs < this.#usableFromMs(account)) continue;
      if (nowMs >= account.epochEndsAtMs - this.#marginMs) account.retire('its epoch ended');
      else usable.push(account);
    }
    if (usable.length <= 1) return usable;
    usable.sort((a, b) => b.leftBytes - a.leftBytes);
    for (const succeeded of usable.splice(this.#lanesOf(node)))
      succeeded.retire('another grant took its place');
    return usable;
  }

  /** A grant of the node that admits a block of up to `bytes` now. */
  admitting(node: Address, bytes: number): GrantAccount | undefined {
    return this.current(node).find((account) => account.admits(bytes));
  }

  /** Uses as many grants of a node side by side as so many bytes in flight need. They are asked for by `tend`. */
  widen(node: Address, windowBytes: number): void {
    if (this.#narrow.has(node)) return;
    const lanes = Math.min(MAX_LANES_PER_SOURCE, Math.ceil(windowBytes / MAX_CREDIT_BYTES));
    if (lanes > this.#lanesOf(node)) this.#lanes.set(node, lanes);
  }

  #lanesOf(node: Address): number {
    return this.#lanes.get(node) ?? 1;
  }

  /** Every grant ever taken. */
  *all(): Generator<NodeAccount> {
    for (const [node, accounts] of this.#accounts) for (const account of accounts) yield { node, account };
  }

  /**
   * Asks for what will be missing soon. Answers come later; what failed is asked again after a pause.
   * @param onChange called when an answer has come
   */
  tend(
    nodes: Iterable<Address>,
    options: { readonly signal: AbortSignal; readonly onChange: () => void },
  ): void {
    const nowMs = this.#clock.nowMs();
    const forNow: Address[] = [];
    const forLanes: Address[] = [];
    const forNext: Address[] = [];
    for (const node of nodes) {
      if (this.#asking.has(node)) continue;
      const accounts = this.current(node);
      const least = accounts.at(-1);
      const renewable = least !== undefined && nowMs >= least.epochEndsAtMs - this.#renewalMs;
      if (least === undefined || isLow(least)) forNow.push(node);
      else if (renewable && !this.#hasNext(node, least)) forNext.push(node);
      else if (!renewable && accounts.length < this.#lanesOf(node)) forLanes.push(node);
    }
    const { now, next } = this.#pauses;
    if (nowMs >= now.untilMs && forLanes.length > 0) void this.#askForLanes(forLanes, options);
    if (nowMs >= now.untilMs && forNow.length > 0)
      void this.#ask({ nodes: forNow, capBytes: this.#capFor(forNow), ...options });
    if (nowMs >= next.untilMs && forNext.length > 0) {
      void this.#ask({ nodes: forNext, capBytes: this.#capFor(forNext), nextEpoch: true, ...options });
    }
  }

  /** One further grant for each node. A coordinator that gives none leaves the node with those that it has. */
  async #askForLanes(
    nodes: readonly Address[],
    { signal, onChange }: { readonly signal: AbortSignal; readonly onChange: () => void },
  ): Promise<void> {
    const before = new Map(nodes.map((node) => [node, this.current(node).length]));
    for (const node of nodes) this.#asking.add(node);
    try {
      this.add(await this.#issue({ nodes, capBytes: this.#capFor(nodes), signal }));
    } catch (error) {
      this.#lastFailure = error;
    }
    for (const node of nodes) {
      this.#asking.delete(node);
      const lanes = this.current(node).length;
      if (lanes > (before.get(node) ?? 0)) continue;
      this.#narrow.add(node);
      this.#lanes.set(node, Math.max(1, lanes));
    }
    onChange();
  }

  /**
   * Caps grow as a fetch proves to need them, because a granted cap is set aside from what the deal can pay. Each ask
   * differs by a byte, so that each gives another grant.
   */
  #capFor(nodes: readonly Address[]): bigint {
    const used = nodes.flatMap((node) => this.#accounts.get(node) ?? []).map(usedBytes);
    const grown = BigInt(Math.max(0, ...used)) * CAP_GROWTH;
    const wanted = grown < FIRST_CAP_BYTES ? FIRST_CAP_BYTES : grown;
    return (wanted < MAX_CAP_BYTES ? wanted : MAX_CAP_BYTES) - this.#asked++;
  }

  async #ask(
    ask: GrantAsk & { readonly nodes: readonly Address[]; readonly onChange: () => void },
  ): Promise<void> {
    const { onChange, ...wishes } = ask;
    for (const node of ask.nodes) this.#asking.add(node);
    let added = 0;
    try {
      added = this.add(await this.#issue(wishes));
    } catch (error) {
      // The grants in hand stay good; what is missing is asked for again, and a fetch without any says so itself. That the
      // next epoch's were asked for too early is no reason for having none now.
      if (ask.nextEpoch !== true) this.#lastFailure = error;
    }
    const pause = this.#pauses[ask.nextEpoch === true ? 'next' : 'now'];
    pause.failures = added >= ask.nodes.length ? 0 : pause.failures + 1;
    if (pause.failures > 0) {
      const pauseMs = Math.min(MAX_REFUSAL_PAUSE_MS, REFUSAL_PAUSE_MS * 2 ** pause.failures);
      pause.untilMs = this.#clock.nowMs() + pauseMs;
    }
    for (const node of ask.nodes) this.#asking.delete(node);
    onChange();
  }

  /** Why grants could not be had when they were last asked for. */
  get lastFailure(): unknown {
    return this.#lastFailure;
  }
  #lastFailure: unknown;

  #hasNext(node: Address, account: GrantAccount): boolean {
    const later = (other: GrantAccount) =>
      other.epochEndsAtMs > account.epochEndsAtMs && other.retired === undefined;
    return (this.#accounts.get(node) ?? []).some(later);
  }

  get #marginMs(): number {
    return Math.min(EPOCH_SWITCH_MARGIN_MS, this.#epochMs * EPOCH_SWITCH_SHARE);
  }

  get #renewalMs(): number {
    return Math.max(MIN_RENEWAL_MS, this.#epochMs * RENEWAL_SHARE);
  }

  #usableFromMs(account: GrantAccount): number {
    return account.epochEndsAtMs - this.#epochMs - this.#marginMs;
  }
}

/** Bytes asked for under a grant so far. */
function usedBytes({ capBytes, leftBytes }: GrantAccount): number {
  return capBytes - leftBytes;
}

/** Whether so little is left that a further grant is needed, and not only because every grant is that small. */
function isLow(account: GrantAccount): boolean {
  const { capBytes, leftBytes } = account;
  return (
    leftBytes < capBytes &&
    leftBytes < Math.min(LOW_CAP_BYTES, Math.max(MAX_SERVED_BLOCK_BYTES, capBytes / 4))
  );
}
