import type { RingStats } from '../../node/app/ring/ring-node.ts';
import type { RingMember } from '../../node/app/ring/ring-answer.ts';
import type { RingTiming } from '../../node/core/one-hop-ring/limits.ts';
import type { AdmittedEdge } from '../../node/core/one-hop-ring/ring-ports.ts';
import type { Cut, NetworkShape } from './network-shape.ts';

/** As edges run them, with identify, gossipsub and probes of idle connections; or with nothing but the ring. */
export type HostKind = 'whole' | 'bare';

/** Everything that is the same in all processes of a laboratory. */
export interface LabPlan {
  /** Names the ring; see `ringProtocol`. */
  readonly protocol: string;
  readonly shape: NetworkShape;
  readonly timing: Partial<RingTiming>;
  readonly hosts: HostKind;
  /** The registry: whoever may join, by public key. It does not change. */
  readonly registry: readonly { readonly publicKey: Uint8Array; readonly edge: AdmittedEdge }[];
}

/** An entry of one node's table changed. */
export interface TableChange {
  /** Number of the node whose table it is. */
  readonly node: number;
  readonly subject: string;
  readonly state: RingMember['state'];
  readonly incarnation: number;
  readonly witnesses: number;
  /** Monotonic milliseconds, comparable between processes of one machine. */
  readonly atMs: number;
}

export interface LookupResult {
  /** Hex of the providers' keys; undefined if the lookup was not answered. */
  readonly providers: readonly string[] | undefined;
  readonly hops: number;
  readonly tookMs: number;
}

/** What came of asking again and again. */
export interface AskingResult {
  readonly count: number;
  /** Not answered, or answered without the provider that was expected. */
  readonly failed: number;
  readonly oneHop: number;
  readonly worstMs: number;
}

/** What a process has used since it began. */
export interface ProcessUsage {
  readonly cpuMs: number;
  readonly residentBytes: number;
  /** Longest delay of the event loop since the last question, milliseconds. */
  readonly loopDelayMs: number;
}

interface Command<Argument, Result> {
  readonly argument: Argument;
  readonly result: Result;
}

type OfNode<More = object> = { readonly node: number } & More;

/** What the parent may ask of a process, and what comes back. */
export interface LabCommands {
  configure: Command<LabPlan, undefined>;
  /** Makes a host that listens; the ring node is not started. Answers with its address. */
  open: Command<OfNode<{ readonly secret: Uint8Array }>, string>;
  /** Starts the ring node; answers when it is a member, with the milliseconds that took. */
  join: Command<OfNode<{ readonly seeds: readonly string[] }>, number>;
  leave: Command<OfNode, undefined>;
  /** Stops without a word; the caller has cut it off first, so that nobody sees its connections end. */
  vanish: Command<OfNode, undefined>;
  provide: Command<OfNode<{ readonly key: Uint8Array }>, undefined>;
  lookup: Command<OfNode<{ readonly key: Uint8Array }>, LookupResult>;
  /** Asks for one of the keys after another until `asked`. `provider`: hex of the key expected in each answer. */
  ask: Command<
    OfNode<{
      readonly keys: readonly Uint8Array[];
      readonly provider: string;
      readonly pauseMs: number;
    }>,
    undefined
  >;
  asked: Command<OfNode, AskingResult>;
  members: Command<OfNode, readonly RingMember[]>;
  /** Of every running node of the process, by its number. */
  stats: Command<undefined, readonly OfNode<{ readonly stats: RingStats }>[]>;
  /** Bytes received by all nodes of the process since it began, by kind; those that are gone included. */
  received: Command<undefined, Readonly<Record<string, number>>>;
  /** Table changes since the last question. */
  changes: Command<undefined, readonly TableChange[]>;
  cut: Command<readonly Cut[], undefined>;
  usage: Command<undefined, ProcessUsage>;
}

export type LabCommandName = keyof LabCommands;

export interface LabRequest<Name extends LabCommandName = LabCommandName> {
  readonly id: number;
  readonly name: Name;
  readonly argument: LabCommands[Name]['argument'];
}

export type LabReply =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly code: string; readonly failure: string };
