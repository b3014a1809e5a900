import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';

import { temporaryDirectory } from '../market-fixture.ts';

/** PostgreSQL names its sockets so, by the port. */
const SOCKET_NAME = '.s.PGSQL.5432';

/** A door in front of a PostgreSQL server, with a socket of its own: it can be shut and opened again. */
export class PostgresDoor {
  readonly #server: Server;
  readonly #folder: { path: string; remove: () => Promise<void> };
  readonly #target: string;
  readonly #sockets = new Set<Socket>();
  #isOpen = true;
  /** Connections that were asked for since the door was made, whether or not it was open. */
  knocks = 0;

  private constructor(parts: { folder: { path: string; remove: () => Promise<void> }; target: string }) {
    this.#folder = parts.folder;
    this.#target = parts.target;
    this.#server = createServer((socket) => this.#pass(socket));
  }

  /** @param url of a database on a socket */
  static async to(url: string): Promise<PostgresDoor> {
    const target = join(new URL(url).searchParams.get('host') ?? '', SOCKET_NAME);
    const folder = await temporaryDirectory();
    const door = new PostgresDoor({ folder, target });
    door.#server.listen(join(folder.path, SOCKET_NAME));
    await once(door.#server, 'listening');
    return door;
  }

  /** The same database, by way of this door. */
  urlOf(url: string): string {
    const through = new URL(url);
    through.searchParams.set('host', this.#folder.path);
    return through.href;
  }

  /** Breaks all connections; new ones are refused until it is opened again. */
  shut(): void {
    this.#isOpen = false;
    this.cut();
  }

  /** Breaks all connections; new ones are let in. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  reopen(): void {
    this.#isOpen = true;
  }

  async close(): Promise<void> {
    this.shut();
    this.#server.close();
    await once(this.#server, 'close');
    await this.#folder.remove();
  }

  #pass(socket: Socket): void {
    this.knocks += 1;
    socket.on('error', () => socket.destroy());
    if (!this.#isOpen) {
      socket.destroy();
      return;
    }
    const onward = connect(this.#target);
    onward.on('error', () => socket.destroy());
    for (const one of [socket, onward]) {
      this.#sockets.add(one);
      one.on('close', () => {
        this.#sockets.delete(one);
        socket.destroy();
        onward.destroy();
      });
    }
    socket.pipe(onward).pipe(socket);
  }
}
