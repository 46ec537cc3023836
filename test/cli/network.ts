// A network between a client and its server, which can fail.
import { EventEmitter, once } from "node:events";
import net, { type AddressInfo } from "node:net";

/** Passes every byte on, until it is told to fail. `await using` closes it. */
export class Network implements AsyncDisposable {
  readonly #server: net.Server;
  /** All that are open, and whether the client is at the other end. */
  readonly #sockets = new Map<net.Socket, boolean>();
  #state: "up" | "silent" | "mute" | "deaf" | "refusing" = "up";
  #connections = 0;
  readonly #events = new EventEmitter();
  /** Clients that are told nothing of what became of the server's end. */
  readonly #forgotten = new Set<net.Socket>();
  /** What a client must not say. */
  #trap: string | undefined;
  /** When a client last connected or sent something, of performance.now(). */
  #heardAt = Number.NEGATIVE_INFINITY;

  private constructor(to: number) {
    this.#server = net.createServer((inner) => {
      this.#connections += 1;
      this.#heardAt = performance.now();
      this.#events.emit("connection");
      const outer = net.connect(to, "127.0.0.1");
      this.#join(inner, outer, true);
      this.#join(outer, inner, false);
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

  /** How many connections clients have begun so far. */
  get connections(): number {
    return this.#connections;
  }

  /** Waits until clients have begun more connections than that, in whatever state it is; rejects after `patience` ms. */
  async begun(more = 0, patience = 30_000): Promise<void> {
    const signal = AbortSignal.timeout(patience);
    while (this.#connections <= more) await once(this.#events, "connection", { signal });
  }

  /** Waits until clients have sent nothing for so many ms; rejects after 30 s. */
  async quiet(length: number): Promise<void> {
    const timeout = AbortSignal.timeout(30_000);
    for (;;) {
      if (timeout.aborted) throw new Error(`clients never fell silent for ${length} ms`);
      const left = this.#heardAt + length - performance.now();
      if (left <= 0) return;
      await once(AbortSignal.timeout(Math.ceil(left)), "abort");
    }
  }

  /** Not a byte gets through, either way, and nobody is told: what is sent waits, as TCP would send it again. */
  silence(): void {
    this.#pause("silent");
  }

  /** What the client says waits; what the server says gets through. */
  mute(): void {
    this.#pause("mute");
  }

  /** What the server says waits; what the client says gets through. */
  deafen(): void {
    this.#pause("deaf");
  }

  /** Breaks every connection with a reset, and every new one. */
  refuse(): void {
    this.#state = "refusing";
    for (const socket of this.#sockets.keys()) socket.resetAndDestroy();
  }

  /**
   * As a firewall that lost its memory: of what was open the server learns that it is gone, and clients hear nothing. What is new gets
   * through.
   */
  forget(): void {
    this.#pause("silent");
    for (const [socket, ofClient] of this.#sockets) if (ofClient) this.#forgotten.add(socket);
    for (const [socket, ofClient] of this.#sockets) if (!ofClient) socket.resetAndDestroy();
    this.#state = "up";
  }

  /** The network is back, until a client says these words: they get nowhere, and every connection breaks. Waits for that, 30 s at most. */
  async breaksAt(words: string): Promise<void> {
    this.#trap = words;
    this.resume();
    await once(this.#events, "trapped", { signal: AbortSignal.timeout(30_000) });
  }

  /** The network is back: all that waited arrives. */
  resume(): void {
    this.#state = "up";
    for (const socket of this.#sockets.keys()) socket.resume();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.refuse();
    await closed;
  }

  #pause(state: "silent" | "mute" | "deaf"): void {
    this.#state = state;
    for (const [socket, ofClient] of this.#sockets) if (this.#stops(ofClient)) socket.pause();
  }

  #spring(): void {
    this.#trap = undefined;
    this.refuse();
    this.resume();
    this.#events.emit("trapped");
  }

  #stops(ofClient: boolean): boolean {
    return this.#state === "silent" || this.#state === (ofClient ? "mute" : "deaf");
  }

  #join(from: net.Socket, into: net.Socket, ofClient: boolean): void {
    this.#sockets.set(from, ofClient);
    from.on("data", (chunk: Buffer) => {
      if (ofClient) this.#heardAt = performance.now();
      if (ofClient && this.#trap !== undefined && chunk.includes(this.#trap)) this.#spring();
      else into.write(chunk);
    });
    from.on("end", () => into.end());
    from.on("error", () => into.destroy());
    from.once("close", () => {
      this.#sockets.delete(from);
      if (!this.#forgotten.delete(into)) into.destroy();
    });
    if (this.#stops(ofClient)) from.pause();
  }
}
