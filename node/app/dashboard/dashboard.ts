import type { ControlActions } from '../control/control-server.ts';
import type { DeliveryPlane } from '../delivery-plane.ts';
import type { Foundation } from '../foundation.ts';
import { DashboardDoor } from './dashboard-door.ts';
import { deskActions } from './desk-actions.ts';
import { openDashboardToken } from './dashboard-token.ts';
import { readPageFiles } from './page-files.ts';
import { TrafficWatch } from './traffic-watch.ts';

/**
 * What a browser may ask a running node for: everything that the desk shows, and of what changes something the three
 * things that its operator does there. Moving tokens away and changing the stake stay with the command line.
 */
const OFFERED = ['/status', '/earnings', '/settle/preview', '/settle', '/price', '/drain'] as const;

/** The operator's desk: pages on 127.0.0.1 behind a token, fed by the actions of the command line. */
export class Dashboard {
  readonly #foundation: Foundation;
  readonly #actions: ControlActions;
  readonly #traffic: TrafficWatch;
  #door: DashboardDoor | undefined;

  /** The actions of the command line come in, so that the figures of both are the same ones. */
  constructor(
    foundation: Foundation,
    ties: { readonly control: ControlActions; readonly delivery: () => DeliveryPlane | undefined },
  ) {
    const { control, delivery } = ties;
    this.#foundation = foundation;
    this.#traffic = new TrafficWatch(foundation, delivery);
    const offered = OFFERED.flatMap((path) => {
      const action = control[path];
      return action === undefined ? [] : [[path, action] as const];
    });
    this.#actions = { ...Object.fromEntries(offered), ...deskActions(foundation, this.#traffic) };
  }

  /** Opens the door unless the operator wants none. @throws NodeError PORT_IN_USE, CONFIG_MALFORMED */
  async start(): Promise<void> {
    const { settings, dataDir } = this.#foundation.config;
    if (settings.dashboardPort === undefined) return;
    const token = await openDashboardToken(dataDir.dashboardToken);
    const door = new DashboardDoor({ token, pages: await readPageFiles(), actions: this.#actions });
    await door.start(settings.dashboardPort);
    this.#door = door;
    this.#traffic.start();
    this.#foundation.log.info({ url: door.url }, 'The operator may open the desk: bcdn-node dashboard');
  }

  async stop(): Promise<void> {
    this.#traffic.stop();
    await this.#door?.stop();
    this.#door = undefined;
  }

  /** Without the token; undefined while there is no desk. */
  get url(): string | undefined {
    return this.#door?.url;
  }
}
