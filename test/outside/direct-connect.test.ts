// The direct way and the long way (CALL_ME_DIRECT=off) of Connect's streams over HTTP/1.1 tell alike, in both codecs.
import { once } from "node:events";
import { type ClientRequest, type IncomingMessage, request } from "node:http";
import { type DescMessage, fromBinary, fromJson, toBinary, toJson } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LockService } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { alikeOn, facts, plain, startBoth } from "./both-ways.ts";
import { clientsOf, leaseIn, tokenOf } from "./clients.ts";
import { eventually } from "./eventually.ts";
import { KEY, type Server } from "./server.ts";
import { envelope } from "./wire.ts";

type Name = "watchEnvironment" | "watchLease";
type Headers = Readonly<Record<string, string>>;

let servers: Server[];
beforeAll(async () => {
  servers = await startBoth();
});
afterAll(() => Promise.all(servers.map((server) => server[Symbol.asyncDispose]())));

/** One envelope of an answer: a message as JSON, or what ends the stream. */
interface Told {
  readonly flags: number;
  readonly text: string;
  readonly revision: string;
}

/** A stream on a connection of its own. */
class Watch implements Disposable {
  readonly #sent: ClientRequest;
  readonly #head: Promise<IncomingMessage[]>;
  readonly #told: AsyncGenerator<Told, void, undefined>;

  constructor(server: Server, method: Name, chunks: readonly Uint8Array[], headers: Headers) {
    const options = { method: "POST", headers: { "x-api-key": KEY, ...headers }, agent: false };
    this.#sent = request(`${server.url}/callme.v1.LockService/${LockService.method[method].name}`, options);
    this.#sent.on("error", () => undefined);
    this.#head = once(this.#sent, "response") as Promise<IncomingMessage[]>;
    this.#told = this.#read(LockService.method[method].output, headers["content-type"] === "application/connect+json");
    for (const chunk of chunks) this.#sent.write(chunk);
    this.#sent.end();
  }

  static open(server: Server, codec: Codec, method: Name, message: object, headers: Headers = {}): Watch {
    const { input } = LockService.method[method];
    const content = fromJson(input, message as never);
    const bytes = codec === "json" ? Buffer.from(JSON.stringify(toJson(input, content))) : toBinary(input, content);
    return new Watch(server, method, [envelope(bytes)], { "content-type": `application/connect+${codec}`, ...headers });
  }

  async next(): Promise<Told | undefined> {
    const { value } = await this.#told.next();
    return value ?? undefined;
  }

  /** What is left of it until it ends, and how it was answered. */
  async end(): Promise<{ readonly told: readonly string[]; readonly head: unknown }> {
    const told: string[] = [];
    for (let next = await this.next(); next !== undefined; next = await this.next()) told.push(`${next.flags} ${next.text}`);
    const [head] = await this.#head;
    return { told, head: { status: head?.statusCode, ...facts(head?.headers ?? {}) } };
  }

  async *#read(output: DescMessage, json: boolean): AsyncGenerator<Told, void, undefined> {
    const [response] = await this.#head;
    let rest = Buffer.alloc(0);
    for await (const chunk of response as AsyncIterable<Buffer>) {
      rest = Buffer.concat([rest, chunk]);
      while (rest.length >= 5 && rest.length >= 5 + rest.readUInt32BE(1)) {
        const [flags, end] = [rest[0] ?? 0, 5 + rest.readUInt32BE(1)];
        const data = rest.subarray(5, end);
        const text = json || flags !== 0 ? data.toString() : JSON.stringify(toJson(output, fromBinary(output, data)));
        yield { flags, text: plain(text), revision: /"revision":"(\d+)"/.exec(text)?.[1] ?? "" };
        rest = rest.subarray(end);
      }
    }
    if (rest.length > 0) yield { flags: -1, text: rest.toString(), revision: "" };
  }

  [Symbol.dispose](): void {
    this.#sent.destroy();
  }
}

const alike = <T>(happens: (server: Server) => Promise<T>): Promise<T> => alikeOn(servers, happens);

const UNKNOWN = "00000000-0000-4000-8000-000000000000";
type Codec = "json" | "proto";

describe.each<Codec>(["json", "proto"])("Connect in %s", (codec) => {
  const HEAD = { status: 200, "content-type": `application/connect+${codec}`, "x-content-type-options": "nosniff" };

  test("a watch tells the state, each change, and then what a reader that comes back has missed", async () => {
    const seen = await alike(async (server) => {
      const { locks } = clientsOf(server);
      // A cursor of 0 would be none.
      await locks.release({ leaseId: leaseIn(await locks.acquire({ environment: `told-${codec}` })).id });
      using watch = Watch.open(server, codec, "watchEnvironment", { environment: `told-${codec}` });
      const first = await watch.next();
      const lease = leaseIn(await locks.acquire({ environment: `told-${codec}`, reason: "ü" }));
      const told = [first, await watch.next()];
      await locks.release({ leaseId: lease.id });
      told.push(await watch.next());
      using again = Watch.open(server, codec, "watchEnvironment", { environment: `told-${codec}`, sinceRevision: first?.revision });
      told.push(await again.next(), await again.next());
      return told.map((message) => message?.text);
    });
    const kinds = seen.map((message) => /"kind":"WATCH_KIND_(\w+)"/.exec(message ?? "")?.[1]);
    expect(kinds).toEqual(["SNAPSHOT", "CHANGE", "CHANGE", "CHANGE", "CHANGE"]);
    expect(seen.slice(3)).toEqual(seen.slice(1, 3));
  });

  test("a watch of a lease tells its way through the line to its end, and ends with it", async () => {
    const seen = await alike(async (server) => {
      const { locks } = clientsOf(server);
      const ahead = leaseIn(await locks.acquire({ environment: `line-${codec}` }));
      const behind = leaseIn(await locks.acquire({ environment: `line-${codec}` }));
      using watch = Watch.open(server, codec, "watchLease", { leaseId: behind.id }, { "x-api-key": tokenOf(behind) });
      const told = [await watch.next()];
      await locks.release({ leaseId: ahead.id });
      told.push(await watch.next());
      await locks.release({ leaseId: behind.id });
      return { told: told.map((message) => message?.text), end: await watch.end() };
    });
    const states = [...seen.told, seen.end.told[0]].map((message) => /"state":"LEASE_STATE_(\w+)"/.exec(message ?? "")?.[1]);
    expect(states).toEqual(["QUEUED", "HELD", "ENDED"]);
    expect(seen.end).toMatchObject({ head: HEAD });
    expect(seen.end.told.slice(1)).toEqual(["2 {}"]);
  });

  test.each<[words: string, name: Name, message: object, headers?: Headers]>([
    ["no key", "watchEnvironment", { environment: "free" }, { "x-api-key": "" }],
    ["a wrong key", "watchLease", { leaseId: UNKNOWN }, { "x-api-key": "nope" }],
    ["both environment and pool", "watchEnvironment", { environment: "free", pool: "default" }],
    ["an unknown pool", "watchEnvironment", { pool: "nowhere ü ☃" }],
    ["an unknown lease", "watchLease", { leaseId: UNKNOWN }],
    ["a deadline that has passed", "watchLease", { leaseId: UNKNOWN }, { "connect-timeout-ms": "0" }],
    ["a deadline that is none", "watchEnvironment", { environment: "free" }, { "connect-timeout-ms": "soon" }],
    ["a page of another site", "watchEnvironment", { pool: "nowhere" }, { origin: "https://evil.example.com" }],
  ])("refused before the first message: %s", async (_, name, message, headers) => {
    const seen = await alike(async (server) => {
      using watch = Watch.open(server, codec, name, message, headers);
      return await watch.end();
    });
    expect(seen.told).not.toEqual(["2 {}"]);
  });

  test("a watch that a lease_token opened ends with an error as soon as the lease has ended", async () => {
    const seen = await alike(async (server) => {
      const { locks } = clientsOf(server);
      const lease = leaseIn(await locks.acquire({ environment: `narrow-${codec}` }));
      const topic = { environment: `narrow-${codec}` };
      using watch = Watch.open(server, codec, "watchEnvironment", topic, { "x-api-key": tokenOf(lease) });
      const first = await watch.next();
      await locks.release({ leaseId: lease.id });
      return { first: first?.text, end: await watch.end() };
    });
    expect(seen.end.told).toHaveLength(2);
    expect(seen.end.told[1]).toMatch(/^2 .*TOKEN_TOO_NARROW/);
  });

  test("a watch ends at its deadline", async () => {
    const seen = await alike(async (server) => {
      using watch = Watch.open(server, codec, "watchEnvironment", { environment: "deadline" }, { "connect-timeout-ms": "300" });
      return await watch.end();
    });
    expect(seen.told).toHaveLength(2);
  });

  test("a watch that its caller leaves is over, and with it the sign of life that it was", async () => {
    await alike(async (server) => {
      const { locks } = clientsOf(server);
      await locks.acquire({ environment: `left-${codec}` });
      const lease = leaseIn(await locks.acquire({ environment: `left-${codec}`, ticketTtl: { seconds: 1n } }));
      const watch = Watch.open(server, codec, "watchLease", { leaseId: lease.id }, { "x-api-key": tokenOf(lease) });
      const first = await watch.next();
      watch[Symbol.dispose]();
      const ended = await eventually(async () => {
        const { state, endReason } = leaseIn(await locks.getLease({ leaseId: lease.id }));
        return state === LeaseState.ENDED && endReason;
      });
      return { first: first?.text, ended, complaints: server.complaints };
    });
  });

  describe("what is unusual", () => {
    const content = codec === "json" ? Buffer.from('{"pool":"nowhere"}') : Buffer.concat([Buffer.from([18, 7]), Buffer.from("nowhere")]);
    const whole = envelope(content);
    const type = { "content-type": `application/connect+${codec}` };
    test.each<[string, Headers, Uint8Array[]]>([
      ["an envelope in pieces", type, [whole.subarray(0, 3), whole.subarray(3, 8), whole.subarray(8)]],
      ["two messages", type, [whole, whole]],
      ["no message", type, []],
      ["half an envelope", type, [whole.subarray(0, 4)]],
      ["an envelope that ends the stream", type, [whole, envelope(Buffer.from("{}"), 2)]],
      ["nothing but such an envelope", type, [envelope(Buffer.from("{}"), 2)]],
      ["a compressed flag without a compression", type, [envelope(content, 1)]],
      ["too much", type, [envelope(Buffer.alloc(70_000))]],
      ["no message of this codec", type, [envelope(Buffer.from([0xff, 0xff, 0xff]))]],
      ["an unknown compression", { ...type, "connect-content-encoding": "zstd" }, [whole]],
      ["a content type with parameters", { "content-type": `application/connect+${codec}; charset=utf-8` }, [whole]],
      ["its length told", { ...type, "content-length": String(whole.byteLength) }, [whole]],
    ])("%s", async (_, headers, chunks) => {
      await alike(async (server) => {
        using watch = new Watch(server, "watchEnvironment", chunks, headers);
        return await watch.end();
      });
    });
  });
});

test("the direct way is the one that is taken: it compresses nothing", async () => {
  const named = servers.map(async (server) => {
    const headers = { "content-type": "application/connect+json", "connect-accept-encoding": "gzip" };
    using watch = new Watch(server, "watchEnvironment", [envelope(Buffer.from('{"pool":"nowhere"}'))], headers);
    return (await watch.end()).head;
  });
  expect((await Promise.all(named)).map((head) => (head as Record<string, unknown>)["connect-content-encoding"])).toEqual([
    undefined,
    "gzip",
  ]);
});

// The last: it stops the servers.
test("watches end with DRAINING when the server stops", async () => {
  const seen = await alike(async (server) => {
    using watch = Watch.open(server, "json", "watchEnvironment", { environment: "drained" });
    const first = await watch.next();
    const stopped = server.stop();
    return { first: first?.text, end: await watch.end(), code: await stopped };
  });
  expect(seen.end.told.join()).toContain("DRAINING");
  expect(seen.code).toBe(0);
});
