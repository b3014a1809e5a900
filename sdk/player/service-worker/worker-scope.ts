/** The parts of a service worker's surroundings that are used here: its types exclude those of pages. */
export interface WorkerScope {
  readonly location: { readonly href: string; readonly origin: string };
  readonly clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener<K extends keyof WorkerEvents>(type: K, listener: (event: WorkerEvents[K]) => void): void;
}

export interface LastingEvent {
  /** Keeps the worker running until the promise is settled. */
  waitUntil(until: Promise<unknown>): void;
}

export interface FetchRequested extends LastingEvent {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}

export interface MessageHeard extends LastingEvent {
  readonly data: unknown;
  readonly ports: readonly MessagePort[];
}

export interface WorkerEvents {
  readonly install: LastingEvent;
  readonly activate: LastingEvent;
  readonly fetch: FetchRequested;
  readonly message: MessageHeard;
}
