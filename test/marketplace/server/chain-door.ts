import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A door in front of a chain: it can be shut, opened again, and led to another chain, under one address. */
export class ChainDoor {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #target: URL;
  #isOpen = true;

  private constructor(server: Server, target: URL) {
    this.#server = server;
    this.#target = target;
    server.on('connection', (socket) => this.#pass(socket));
  }

  static async to(url: string): Promise<ChainDoor> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new ChainDoor(server, new URL(url));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  shut(): void {
    this.#isOpen = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  reopen(url?: string): void {
    if (url !== undefined) this.#target = new URL(url);
    this.#isOpen = true;
  }

  async close(): Promise<void> {
    this.shut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #pass(socket: Socket): void {
    socket.on('error', () => socket.destroy());
    if (!this.#isOpen) {
      socket.destroy();
      return;
    }
    const onward = connect(Number(this.#target.port), this.#target.hostname);
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
