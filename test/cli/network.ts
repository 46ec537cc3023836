// A network between the command line and its server, which can fail.
import { once } from "node:events";
import net, { type AddressInfo } from "node:net";

/** Passes every byte on, until it is told to fail. `await using` closes it. */
export class Network implements AsyncDisposable {
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();
  #state: "up" | "silent" | "refusing" = "up";

  private constructor(to: number) {
    this.#server = net.createServer((inner) => {
      const outer = net.connect(to, "127.0.0.1");
      this.#join(inner, outer);
      this.#join(outer, inner);
      if (this.#state === "refusing") inner.resetAndDestroy();
    });
  }

  /** One in front of a server's port. */
  static async start(to: number): Promise<Network> {
    const network = new Network(to);
    network.#server.listen(0, "127.0.0.1");
    await once(network.#server, "listening");
    return network;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Not a byte gets through, either way, and nobody is told: what is sent waits, as TCP would send it again. */
  silence(): void {
    this.#state = "silent";
    for (const socket of this.#sockets) socket.pause();
  }

  /** Breaks every connection with a reset, and every new one. */
  refuse(): void {
    this.#state = "refusing";
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** The network is back: all that waited arrives. */
  resume(): void {
    this.#state = "up";
    for (const socket of this.#sockets) socket.resume();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.refuse();
    await closed;
  }

  #join(from: net.Socket, into: net.Socket): void {
    this.#sockets.add(from);
    from.on("data", (chunk) => into.write(chunk));
    from.on("end", () => into.end());
    from.on("error", () => into.destroy());
    from.once("close", () => {
      this.#sockets.delete(from);
      into.destroy();
    });
    if (this.#state === "silent") from.pause();
  }
}
