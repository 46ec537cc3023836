// What the door knows of the certificates that clients show, and whom it lets in where they must.
import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { request } from "node:https";
import { text } from "node:stream/consumers";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { describe, expect, onTestFinished, test } from "vitest";
import type { ClientCertificate } from "../../src/access/certificates/certificate.ts";
import { Exchange } from "../../src/rpc/http/exchange.ts";
import type { Handle, ListenOptions } from "../../src/rpc/http/listen.ts";
import { Authority, hours, type Pair, type Wanted } from "../authority.ts";
import { gone, openDoor } from "./doors.ts";

const authority = new Authority("the servers' CA");
const clients = new Authority("the clients' CA");
const own = authority.issue({ names: ["IP:127.0.0.1"], use: "server" });
const tls = { ...own, clientCa: clients.cert };

/** Answers with what the peer has shown. */
const echo: Handle = (...request) => {
  const exchange = new Exchange(...request);
  exchange.res.end(JSON.stringify(exchange.peer.certificate ?? null));
};

const open = (more: Partial<ListenOptions["tls"]> = {}, handle = echo) =>
  openDoor(handle, {
    tls: { ...tls, ...more },
    handleStream: (exchange) => {
      if (exchange.path !== "/stream") return false;
      exchange.stream.respond({ ":status": 200 });
      exchange.end(Buffer.from(JSON.stringify(exchange.peer.certificate ?? null)));
      return true;
    },
  });

type Door = Awaited<ReturnType<typeof open>>;
type Shown = ClientCertificate | null;

async function overHttp1(door: Door, pair?: Pair): Promise<Shown> {
  const sent = request({ host: "127.0.0.1", port: door.port, ca: authority.cert, agent: false, ...pair }).end();
  const [answer] = await once(sent, "response");
  return JSON.parse(await text(answer));
}

async function overHttp2(door: Door, pair: Pair | undefined, path: string): Promise<Shown> {
  const session = connectHttp2(door.url, { ca: authority.cert, ...pair });
  onTestFinished(() => session.destroy());
  session.on("error", () => undefined);
  return JSON.parse(await text(session.request({ ":path": path })));
}

/** What every way that a request can take tells of the certificate. */
async function shown(door: Door, pair?: Pair): Promise<Shown> {
  const one = await overHttp1(door, pair);
  expect(await overHttp2(door, pair, "/")).toEqual(one);
  expect(await overHttp2(door, pair, "/stream")).toEqual(one);
  return one;
}

const issue = (wanted: Wanted) => clients.issue({ use: "client", ...wanted });
const RUNNER = "spiffe://ci.example.com/ns/team-a/sa/runner";

describe("where certificates are asked for", () => {
  test("a good one is known by its alternative names and its end, over every protocol", async () => {
    const until = hours(2);
    const pair = issue({ names: [`URI:${RUNNER}`, "DNS:Runner.example.com", "email:team-a@example.com", "IP:10.0.0.1"], until });
    expect(await shown(await open(), pair)).toEqual({
      names: [
        { kind: "uri", value: RUNNER },
        { kind: "dns", value: "runner.example.com" },
        { kind: "email", value: "team-a@example.com" },
      ],
      until: Math.floor(until.getTime() / 1_000) * 1_000,
    });
  });

  test("nobody needs to show one", async () => {
    expect(await shown(await open())).toBeNull();
  });

  test("of more than eight names the first ones count", async () => {
    const names = Array.from({ length: 500 }, (_, index) => `DNS:a${index}.example.com`);
    const known = (await shown(await open(), issue({ names })))?.names;
    expect(known?.map(({ value }) => `DNS:${value}`)).toEqual(names.slice(0, 8));
  });

  test("its common name is none of its names", async () => {
    expect(await shown(await open(), issue({ name: RUNNER }))).toMatchObject({ names: [] });
  });

  test.each<[string, Pair, string | RegExp]>([
    ["has ended", issue({ names: [`URI:${RUNNER}`], until: hours(-0.1) }), "CERT_HAS_EXPIRED"],
    ["has not begun", issue({ names: [`URI:${RUNNER}`], from: hours(1) }), "CERT_NOT_YET_VALID"],
    [
      "is of another CA",
      authority.issue({ names: [`URI:${RUNNER}`], use: "client" }),
      /UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED_CERT_IN_CHAIN/,
    ],
    [
      "is of a CA of the same name",
      new Authority("the clients' CA").issue({ names: [`URI:${RUNNER}`], use: "client" }),
      "CERT_SIGNATURE_FAILURE",
    ],
    ["is for servers", issue({ names: [`URI:${RUNNER}`], use: "server" }), "INVALID_PURPOSE"],
  ])("one that %s is let in, and told as not accepted", async (_, pair, why) => {
    expect((await shown(await open(), pair))?.fault).toMatch(why);
  });

  test.each(["TLSv1.2", "TLSv1.3"] as const)(
    "over %s what was not accepted is not accepted on a resumed session either",
    async (maxVersion) => {
      const door = await open();
      const pair = { maxVersion, ...authority.issue({ names: [`URI:${RUNNER}`], use: "client" }) };
      const first = connect({ host: "127.0.0.1", port: door.port, ca: authority.cert, ...pair });
      onTestFinished(() => void first.destroy());
      const sessions: Buffer[] = [];
      first.on("session", (session: Buffer) => sessions.push(session)).write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      await once(first, "data");
      const second = connect({ host: "127.0.0.1", port: door.port, ca: authority.cert, ...pair, session: sessions.at(-1) });
      onTestFinished(() => void second.destroy());
      second.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      const [answer] = await once(second, "data");
      expect(second.isSessionReused()).toBe(true);
      expect(String(answer)).toContain("it is not accepted");
    },
  );

  test.each([
    ["a comma", `URI:${RUNNER}, DNS:admin.example.com`],
    ["a quote", `URI:${RUNNER}", DNS:"admin.example.com`],
    ["an end of line", `URI:${RUNNER}\nDNS:admin.example.com`],
    ["a zero", `URI:${RUNNER}\0`],
    ["a space", `URI:${RUNNER} DNS:admin.example.com`],
    ["letters beyond ASCII", "DNS:ädmin.example.com"],
  ])("a name with %s in it is none, and makes no other one", async (_, name) => {
    const pair = issue({ names: [name, "email:a@example.com"] });
    expect((await shown(await open(), pair))?.names).toEqual([{ kind: "email", value: "a@example.com" }]);
  });

  test("a proxy's own is not its callers'", async () => {
    const { BlockList } = await import("node:net");
    const proxies = new BlockList();
    proxies.addAddress("127.0.0.1");
    const door = await openDoor(echo, { tls, proxies });
    expect(await overHttp1(door, issue({ names: [`URI:${RUNNER}`] }))).toBeNull();
  });
});

/** A connection; rejects if there is none. TLS 1.3 tells a client only afterwards that its certificate is refused. */
async function admitted(door: Door, options: ConnectionOptions): Promise<TLSSocket> {
  const socket = connect({ host: "127.0.0.1", port: door.port, ca: authority.cert, ALPNProtocols: ["http/1.1"], ...options });
  onTestFinished(() => void socket.destroy());
  const failed = new Promise<never>((_, reject) => {
    socket.on("error", reject).on("close", () => reject(new Error("closed")));
  });
  socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await Promise.race([once(socket, "data"), failed]);
  return socket;
}

describe("where certificates are required", () => {
  const good = issue({ names: [`URI:${RUNNER}`] });

  test.each(["TLSv1.2", "TLSv1.3"] as const)("over %s only a good one makes a connection", async (maxVersion) => {
    const door = await open({ demandsCertificate: true });
    const bad = [
      {},
      authority.issue({ use: "client" }),
      issue({ until: hours(-0.1) }),
      issue({ from: hours(1) }),
      issue({ names: [`URI:${RUNNER}`], use: "server" }),
    ];
    for (const pair of bad) await expect(admitted(door, { maxVersion, ...pair })).rejects.toThrow();
    await admitted(door, { maxVersion, ...good });
    expect(await shown(door, good)).toMatchObject({ names: [{ kind: "uri", value: RUNNER }] });
  });

  test("a connection ends with its certificate", async () => {
    const door = await open({ demandsCertificate: true });
    const session = connectHttp2(door.url, { ca: authority.cert, ...issue({ until: hours(2 / 3_600) }) });
    session.on("error", () => undefined);
    const [other, brief] = [await admitted(door, good), await admitted(door, issue({ until: hours(2 / 3_600) }))];
    await Promise.all([gone(brief), new Promise((resolve) => session.once("close", resolve))]);
    other.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await once(other, "data");
  });

  test.each(["TLSv1.2", "TLSv1.3"] as const)(
    "over %s one of a CA that is no longer the clients' makes no connection, neither by an old session's ticket",
    async (maxVersion) => {
      const door = await open({ demandsCertificate: true });
      const sessions: Buffer[] = [];
      const first = connect({ host: "127.0.0.1", port: door.port, ca: authority.cert, maxVersion, ...good });
      onTestFinished(() => void first.destroy());
      first.on("session", (session: Buffer) => sessions.push(session)).on("error", () => undefined);
      first.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      await once(first, "data");
      const session = sessions.at(-1);
      const resumed = await admitted(door, { maxVersion, ...(session && { session }), ...good });
      expect(resumed.isSessionReused()).toBe(true);
      const next = new Authority("the next CA");
      door.renew({ ...own, clientCa: next.cert, demandsCertificate: true });
      await expect(admitted(door, { maxVersion, ...(session && { session }), ...good })).rejects.toThrow();
      await expect(admitted(door, { maxVersion, ...good })).rejects.toThrow();
      await admitted(door, { maxVersion, ...next.issue({ use: "client" }) });
      resumed.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      await once(resumed, "data");
    },
  );
});
