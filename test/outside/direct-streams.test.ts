// The direct way and the long way (CALL_ME_DIRECT=off) of gRPC's streams tell alike: one table of them, good and bad, through both.
import { once } from "node:events";
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants, type IncomingHttpHeaders } from "node:http2";
import { fromBinary, fromJson, toBinary, toJson } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LockService } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { alikeOn, facts, overHttp2, plain, startBoth } from "./both-ways.ts";
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

function bodyOf(name: Name, message: object): Uint8Array {
  const { input } = LockService.method[name];
  return envelope(toBinary(input, fromJson(input, message as never)));
}

/** A stream as gRPC has it, on a connection of its own. */
class Watch implements Disposable {
  readonly #name: Name;
  readonly #session: ClientHttp2Session;
  readonly #stream: ClientHttp2Stream;
  readonly #messages: AsyncGenerator<Buffer, void, undefined>;
  readonly #over: Promise<unknown>;
  #head: Promise<IncomingHttpHeaders[]>;
  #trailers = {};

  constructor(server: Server, name: Name, message: object, headers: Headers = {}) {
    const { parent, name: method } = LockService.method[name];
    this.#name = name;
    this.#session = connect(server.url);
    this.#stream = this.#session.request({
      ":method": "POST",
      ":path": `/${parent.typeName}/${method}`,
      "content-type": "application/grpc",
      te: "trailers",
      "x-api-key": KEY,
      ...headers,
    });
    this.#head = once(this.#stream, "response") as Promise<IncomingHttpHeaders[]>;
    this.#stream.on("trailers", (sent: IncomingHttpHeaders) => {
      this.#trailers = facts(sent);
    });
    this.#over = new Promise((resolve) => this.#stream.once("close", resolve));
    this.#messages = this.#read();
    this.#stream.end(bodyOf(name, message));
  }

  /** The next message; undefined at the end. `revision`: its own, which differs from server to server. */
  async next(): Promise<{ readonly told: string; readonly revision: string } | undefined> {
    const { value } = await this.#messages.next();
    if (!value) return undefined;
    const { output } = LockService.method[this.#name];
    const message = toJson(output, fromBinary(output, value)) as { revision?: string };
    return { told: plain(JSON.stringify(message)), revision: message.revision ?? "" };
  }

  /** What is left of it until it ends, and how it ended. */
  async end(): Promise<{ readonly told: readonly string[]; readonly head: unknown; readonly trailers: string; readonly reset: number }> {
    const told: string[] = [];
    for (let next = await this.next(); next !== undefined; next = await this.next()) told.push(next.told);
    await this.#over;
    return { told, head: await this.head(), trailers: plain(JSON.stringify(this.#trailers)), reset: this.#stream.rstCode };
  }

  async head(): Promise<unknown> {
    const [head = {}] = await this.#head;
    return { status: head[":status"], ...facts(head) };
  }

  cancel(): void {
    this.#stream.close(constants.NGHTTP2_CANCEL);
  }

  async *#read(): AsyncGenerator<Buffer, void, undefined> {
    let rest = Buffer.alloc(0);
    for await (const chunk of this.#stream as AsyncIterable<Buffer>) {
      rest = Buffer.concat([rest, chunk]);
      while (rest.length >= 5 && rest.length >= 5 + rest.readUInt32BE(1)) {
        const end = 5 + rest.readUInt32BE(1);
        yield rest.subarray(5, end);
        rest = rest.subarray(end);
      }
    }
  }

  [Symbol.dispose](): void {
    this.#session.destroy();
  }
}

const alike = <T>(happens: (server: Server) => Promise<T>): Promise<T> => alikeOn(servers, happens);

const OK = '{"grpc-status":"0"}';
const HEAD = { status: 200, "content-type": "application/grpc+proto", "x-content-type-options": "nosniff" };

test.each([
  ["an environment", { environment: "told" }],
  ["a pool", { pool: "default" }],
])("a watch of %s tells its state, each change, and then what a reader that comes back has missed", async (_, topic) => {
  const seen = await alike(async (server) => {
    const { locks } = clientsOf(server);
    // A cursor of 0 would be none.
    await locks.release({ leaseId: leaseIn(await locks.acquire({ environment: "told" })).id });
    using watch = new Watch(server, "watchEnvironment", topic);
    const first = await watch.next();
    const lease = leaseIn(await locks.acquire({ environment: "told", reason: "ü" }));
    const told = [first, await watch.next()];
    await locks.release({ leaseId: lease.id });
    told.push(await watch.next());
    using again = new Watch(server, "watchEnvironment", { ...topic, sinceRevision: first?.revision });
    told.push(await again.next(), await again.next());
    using quiet = new Watch(server, "watchEnvironment", { ...topic, sinceRevision: told[2]?.revision });
    told.push(await quiet.next());
    return { told: told.map((message) => message?.told), head: await watch.head() };
  });
  expect(seen.head).toEqual(HEAD);
  const kinds = seen.told.map((message) => /"kind":"WATCH_KIND_(\w+)"/.exec(message ?? "")?.[1]);
  expect(kinds).toEqual(["SNAPSHOT", "CHANGE", "CHANGE", "CHANGE", "CHANGE", "HEARTBEAT"]);
  expect(seen.told.slice(3, 5)).toEqual(seen.told.slice(1, 3));
});

test("a watch of a lease tells its way through the line to its end, and ends with it", async () => {
  const seen = await alike(async (server) => {
    const { locks } = clientsOf(server);
    const ahead = leaseIn(await locks.acquire({ environment: "line" }));
    const behind = leaseIn(await locks.acquire({ environment: "line" }));
    using watch = new Watch(server, "watchLease", { leaseId: behind.id }, { "x-api-key": tokenOf(behind) });
    const told = [await watch.next()];
    await locks.release({ leaseId: ahead.id });
    told.push(await watch.next());
    await locks.release({ leaseId: behind.id });
    return { told: told.map((message) => message?.told), end: await watch.end() };
  });
  const states = [...seen.told, ...seen.end.told].map((message) => /"state":"LEASE_STATE_(\w+)"/.exec(message ?? "")?.[1]);
  expect(states).toEqual(["QUEUED", "HELD", "ENDED"]);
  expect(seen.end).toMatchObject({ head: HEAD, trailers: OK, reset: 0 });
});

const UNKNOWN = "00000000-0000-4000-8000-000000000000";

test.each<[words: string, name: Name, message: object, headers?: Headers]>([
  ["no key", "watchEnvironment", { environment: "free" }, { "x-api-key": "" }],
  ["a wrong key", "watchLease", { leaseId: UNKNOWN }, { "x-api-key": "nope" }],
  ["both environment and pool", "watchEnvironment", { environment: "free", pool: "default" }],
  ["an unknown pool", "watchEnvironment", { pool: "nowhere ü ☃" }],
  ["an environment that cannot be", "watchEnvironment", { environment: "no\nname" }],
  ["an unknown lease", "watchLease", { leaseId: UNKNOWN }],
  ["a deadline that has passed", "watchLease", { leaseId: UNKNOWN }, { "grpc-timeout": "0m" }],
  ["a deadline that is none", "watchEnvironment", { environment: "free" }, { "grpc-timeout": "soon" }],
  ["a page of another site", "watchEnvironment", { pool: "nowhere" }, { origin: "https://evil.example.com" }],
])("refused before the first message: %s", async (_, name, message, headers) => {
  const seen = await alike(async (server) => {
    using watch = new Watch(server, name, message, headers);
    return await watch.end();
  });
  expect(seen.told).toEqual([]);
  expect(seen.trailers).not.toBe(OK);
});

test("a watch that a lease_token opened ends with an error as soon as the lease has ended", async () => {
  const seen = await alike(async (server) => {
    const { locks } = clientsOf(server);
    const lease = leaseIn(await locks.acquire({ environment: "narrow" }));
    using watch = new Watch(server, "watchEnvironment", { environment: "narrow" }, { "x-api-key": tokenOf(lease) });
    const first = await watch.next();
    await locks.release({ leaseId: lease.id });
    return { first: first?.told, end: await watch.end() };
  });
  expect(seen.end.told).toHaveLength(1);
  expect(seen.end.trailers).toContain("TOKEN_TOO_NARROW");
});

test.each<[words: string, name: Name]>([
  ["an environment", "watchEnvironment"],
  ["a lease", "watchLease"],
])("a watch of %s ends at its deadline", async (_, name) => {
  const seen = await alike(async (server) => {
    const { locks } = clientsOf(server);
    const lease = leaseIn(await locks.acquire({ environment: `deadline-${name}` }));
    const topic = name === "watchLease" ? { leaseId: lease.id } : { environment: "deadline" };
    using watch = new Watch(server, name, topic, { "grpc-timeout": "300m" });
    return await watch.end();
  });
  expect(seen.told).toHaveLength(1);
});

test("a watch that its caller cancels is over, and with it the sign of life that it was", async () => {
  const seen = await alike(async (server) => {
    const { locks } = clientsOf(server);
    await locks.acquire({ environment: "left" });
    const lease = leaseIn(await locks.acquire({ environment: "left", ticketTtl: { seconds: 1n } }));
    using watch = new Watch(server, "watchLease", { leaseId: lease.id }, { "x-api-key": tokenOf(lease) });
    const first = await watch.next();
    watch.cancel();
    const ended = await eventually(async () => {
      const { state, endReason } = leaseIn(await locks.getLease({ leaseId: lease.id }));
      return state === LeaseState.ENDED && endReason;
    });
    return { first: first?.told, ended, complaints: server.complaints };
  });
  expect(seen.complaints).toEqual([]);
});

test("the direct way is the one that is taken: it compresses nothing", async () => {
  const named = servers.map(async (server) => {
    const session = connect(server.url);
    const headers = { "content-type": "application/grpc", "grpc-accept-encoding": "gzip", "x-api-key": KEY };
    const stream = session.request({ ":method": "POST", ":path": "/callme.v1.LockService/WatchEnvironment", ...headers });
    stream.end(bodyOf("watchEnvironment", { environment: "free" }));
    const [head] = (await once(stream, "response")) as [IncomingHttpHeaders];
    session.destroy();
    return head["grpc-encoding"];
  });
  expect(await Promise.all(named)).toEqual([undefined, "gzip"]);
});

describe("what is unusual", () => {
  const whole = bodyOf("watchEnvironment", { pool: "nowhere" });
  const GRPC = { "content-type": "application/grpc" };
  test.each<[string, object, Uint8Array[]]>([
    ["an envelope in pieces", GRPC, [whole.subarray(0, 3), whole.subarray(3, 8), whole.subarray(8)]],
    ["two messages", GRPC, [whole, whole]],
    ["two messages in one piece", GRPC, [Buffer.concat([whole, whole])]],
    ["no message", GRPC, []],
    ["half an envelope", GRPC, [whole.subarray(0, 4)]],
    ["a compressed flag without a compression", GRPC, [envelope(whole.subarray(5), 1)]],
    ["too much", GRPC, [envelope(Buffer.alloc(70_000))]],
    ["no protobuf", GRPC, [envelope(Buffer.from([0xff, 0xff, 0xff]))]],
    ["an unknown compression", { ...GRPC, "grpc-encoding": "zstd" }, [whole]],
    ["JSON in gRPC", { "content-type": "application/grpc+json" }, [envelope(Buffer.from('{"pool":"nowhere"}'))]],
    ["gRPC-Web", { "content-type": "application/grpc-web+proto" }, [whole]],
    ["Connect in protobuf", { "content-type": "application/connect+proto" }, [whole]],
    ["Connect in JSON", { "content-type": "application/connect+json" }, [envelope(Buffer.from('{"pool":"nowhere"}'))]],
    ["a content type with parameters", { "content-type": "application/grpc; charset=utf-8" }, [whole]],
    ["a unary call's type", { "content-type": "application/json" }, [Buffer.from('{"pool":"nowhere"}')]],
  ])("%s", async (_, headers, chunks) => {
    await alike((server) => overHttp2(server, "/callme.v1.LockService/WatchEnvironment", headers, chunks));
  });
});

// The last: it stops the servers.
test("watches end with DRAINING when the server stops", async () => {
  const seen = await alike(async (server) => {
    const { locks } = clientsOf(server);
    const { id } = leaseIn(await locks.acquire({ environment: "drained" }));
    using environment = new Watch(server, "watchEnvironment", { environment: "drained" });
    using lease = new Watch(server, "watchLease", { leaseId: id });
    const told = [await environment.next(), await lease.next()].map((message) => message?.told);
    const stopped = server.stop();
    return { told, ends: [await environment.end(), await lease.end()], code: await stopped };
  });
  for (const { told, trailers } of seen.ends) {
    expect(told).toEqual([]);
    expect(trailers).toContain("DRAINING");
  }
  expect(seen.code).toBe(0);
});
