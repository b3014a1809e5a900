/** How the two hosts of a measurement talk. Both sides get the same one. */
export interface PlaneSetting {
  /** `node` is what hosts of nodes use. */
  readonly encrypter: 'node' | 'noise' | 'tls' | 'plaintext';
  readonly initialWindowBytes: number;
  readonly maxWindowBytes: number;
  /** Bytes handed to the stream at a time. */
  readonly messageBytes: number;
  /** Nagle's algorithm off. */
  readonly noDelay: boolean;
  /** What the sender waits for when the stream takes no more: its own queue, or libp2p's `onDrain`. */
  readonly waits: 'queue' | 'onDrain';
}

/** What the measuring process asks a process with one host to do. */
export interface PlaneTasks {
  /** A host that sends what is asked for. */
  listen: { ask: { setting: PlaneSetting }; answer: { address: string } };
  /** The same with a bare socket of the system and nothing on top. */
  listenBare: { ask: { messageBytes: number }; answer: { port: number } };
  /** Fetches bytes from such a host and lets them go. */
  receive: { ask: { setting: PlaneSetting; address: string; bytes: number }; answer: Received };
  receiveBare: { ask: { port: number; bytes: number }; answer: Received };
  /** Processor time of this process since it began, and the most memory that it had resident. */
  spent: { ask: object; answer: { cpuSeconds: number; peakMemoryMb: number } };
  /** Whether a package for this encryption is there. */
  has: { ask: { encrypter: PlaneSetting['encrypter'] }; answer: { present: boolean } };
  /** Ends the host. */
  stop: { ask: object; answer: object };
}

export interface Received {
  /** From the first request until the last byte, without dialling. */
  readonly seconds: number;
}
