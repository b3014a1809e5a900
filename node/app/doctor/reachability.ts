import type { NodeRecord } from '../../../sdk/chain/nodes.ts';
import { UndiciExchange } from '../../../sdk/client/undici-exchange.ts';
import { DialBackClient, dialBackProtocol } from '../../adapters/libp2p/dial-back-client.ts';
import { DialBackServer } from '../../adapters/libp2p/dial-back-server.ts';
import { EndpointDialler } from '../../adapters/libp2p/endpoint-dialler.ts';
import type { Host } from '../../adapters/libp2p/host.ts';
import { uniform } from '../../adapters/randomness/system-randomness.ts';
import type { ReachabilityDocument } from '../control/doctor-documents.ts';
import type { Foundation } from '../foundation.ts';
import { reportOf } from '../node-error.ts';

/** Other nodes whose word is wanted (core/dial-back/SPEC.md, 8), and that are asked at most for it. */
const WANTED_ANSWERS = 2;
const MAX_ASKED = 6;

/** Dials others back, and has others dial this node. */
export class Reachability {
  readonly #foundation: Foundation;
  readonly #client: DialBackClient;
  readonly #server: DialBackServer;
  readonly #http = new UndiciExchange();

  constructor(foundation: Foundation, host: Host) {
    const { config, registry, clock, log } = foundation;
    const { chainId, registry: contract } = config.deployment;
    const options = { protocol: dialBackProtocol(chainId, contract) };
    this.#foundation = foundation;
    this.#client = new DialBackClient({ host }, options);
    this.#server = new DialBackServer(
      {
        ...{ host, clock },
        endpointsOf: (key) => registry.nodeOfKey(key)?.endpoints,
        dialler: new EndpointDialler({ host, http: this.#http }),
        onFailure: (error) => {
          const { code, message } = reportOf(error);
          log.debug({ code, reason: message }, 'A request to dial back failed');
        },
      },
      options,
    );
  }

  /** Begins to dial others back; only edges do. */
  async start(): Promise<void> {
    if (this.#foundation.config.settings.role === 'edge') await this.#server.start();
  }

  async stop(): Promise<void> {
    if (this.#foundation.config.settings.role === 'edge') await this.#server.stop();
    await this.#http.close();
  }

  /** Asks edges drawn at random until two have dialled this node, or none is left. */
  async check(signal: AbortSignal): Promise<ReachabilityDocument> {
    const { registry, node } = this.#foundation;
    const candidates = this.#shuffled(registry.activeEdges().filter(({ operator }) => operator !== node));
    const answers: ReachabilityDocument['answers'] = [];
    for (const edge of candidates.slice(0, MAX_ASKED)) {
      if (answers.filter(({ outcome }) => outcome === 'dialled').length >= WANTED_ANSWERS) break;
      answers.push(await this.#ask(edge, signal));
    }
    return { registered: [...(registry.nodeOf(node)?.endpoints ?? [])], others: candidates.length, answers };
  }

  async #ask(
    { operator, region, endpoints }: NodeRecord,
    signal: AbortSignal,
  ): Promise<ReachabilityDocument['answers'][number]> {
    const by = { operator, region };
    try {
      const libp2p = endpoints.filter((endpoint) => endpoint.includes('/p2p/'));
      const answer = await this.#client.ask(libp2p, signal);
      return { ...by, ...answer, endpoints: [...answer.endpoints] };
    } catch (error) {
      signal.throwIfAborted();
      const { code } = reportOf(error);
      return { ...by, outcome: code, observedAddress: '', endpoints: [] };
    }
  }

  #shuffled(nodes: readonly NodeRecord[]): NodeRecord[] {
    const { randomness } = this.#foundation;
    const keyed = nodes.map((node) => ({ node, key: uniform(randomness) }));
    return keyed.sort((a, b) => a.key - b.key).map(({ node }) => node);
  }
}
