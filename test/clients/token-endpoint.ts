// Where a CI system's jobs get their tokens, on loopback: as GitHub's runner has it.
import { once } from "node:events";
import http from "node:http";
import type net from "node:net";

/** A token with these claims, in the form of one. Nobody has signed it. */
export function unsigned(claims: Readonly<Record<string, unknown>>): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "RS256", typ: "JWT" })}.${part(claims)}.${Buffer.alloc(256, 7).toString("base64url")}`;
}

/** Claims of a token that is made now, and lives so many seconds. */
export function claimsFor(audience: string, life: number, more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const now = Math.floor(Date.now() / 1000);
  return { iss: "https://token.example", sub: "job", aud: audience, iat: now, exp: now + life, ...more };
}

/** What it answers: a token of so many seconds, a status, a text, nothing, ever, or headers that never end. */
export type Reply = { readonly life: number } | { readonly status: number } | { readonly text: string } | "silence" | "trickle";

/** What was asked. */
export interface Asked {
  readonly audience: string | null;
  readonly bearer: string | undefined;
}

/** `await using` closes it. */
export class TokenEndpoint implements AsyncDisposable {
  readonly asked: Asked[] = [];
  /** All tokens that it gave out, in order. */
  readonly tokens: string[] = [];
  readonly #replies: Reply[];
  readonly #server = http.createServer((request, response) => void this.#answer(request, response));
  /** Makes each token; unsigned unless that is set. */
  mint: (audience: string, life: number) => string | Promise<string> = (audience, life) =>
    unsigned(claimsFor(audience, life, { jti: `${this.tokens.length + 1}` }));

  private constructor(replies: readonly Reply[]) {
    this.#replies = [...replies];
  }

  /** It answers with one after the other, and with the last of them from then on. */
  static async start(...replies: readonly Reply[]): Promise<TokenEndpoint> {
    const endpoint = new TokenEndpoint(replies);
    endpoint.#server.listen(0, "127.0.0.1");
    await once(endpoint.#server, "listening");
    return endpoint;
  }

  /** What a job finds in its environment. */
  get env(): Record<string, string> {
    const { port } = this.#server.address() as net.AddressInfo;
    return { ACTIONS_ID_TOKEN_REQUEST_URL: `http://127.0.0.1:${port}/token?api-version=2.0`, ACTIONS_ID_TOKEN_REQUEST_TOKEN: "ask-for-me" };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const audience = new URL(request.url ?? "", "http://127.0.0.1").searchParams.get("audience");
    this.asked.push({ audience, bearer: request.headers.authorization });
    const [reply = "silence"] = this.#replies.length > 1 ? this.#replies.splice(0, 1) : this.#replies;
    if (reply === "silence") return;
    if (reply === "trickle") return trickle(request.socket);
    if ("status" in reply) response.writeHead(reply.status);
    if ("text" in reply) response.end(reply.text);
    else response.end("life" in reply ? JSON.stringify({ count: 1, value: await this.token(audience ?? "", reply.life) }) : "");
  }

  /** One that it has given out, by whatever way. */
  async token(audience: string, life: number): Promise<string> {
    const token = await this.mint(audience, life);
    this.tokens.push(token);
    return token;
  }
}

/** A header that gets longer and longer. */
function trickle(socket: net.Socket): void {
  socket.write("HTTP/1.1 200 OK\r\nx-slow: ");
  const timer = setInterval(() => socket.write("x"), 200);
  socket.once("close", () => clearInterval(timer));
}
