// The address of whoever a request comes from, also through proxies.
import { BlockList } from "node:net";
import { text } from "node:stream/consumers";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Exchange } from "../../src/rpc/http/exchange.ts";
import type { Handle } from "../../src/rpc/http/listen.ts";
import type { StreamExchange } from "../../src/rpc/http/stream-exchange.ts";
import { openDoor, openSession } from "./doors.ts";

type Fields = Readonly<Record<string, string>>;

/** Answers with the address that it takes a request to come from. */
const echo: Handle = (...request) => {
  const exchange = new Exchange(...request);
  exchange.res.end(exchange.peer.address);
};

function echoOnStream(exchange: StreamExchange): boolean {
  exchange.stream.respond({ ":status": 200 });
  exchange.end(Buffer.from(exchange.peer.address));
  return true;
}

/** Ours, and two networks that it may be behind. */
function trusting(): BlockList {
  const proxies = new BlockList();
  proxies.addAddress("127.0.0.1", "ipv4");
  proxies.addSubnet("10.0.0.0", 8, "ipv4");
  proxies.addSubnet("fd00::", 8, "ipv6");
  return proxies;
}

/** The address that a request with these header fields is taken to come from, by each of the ways that a request takes. */
async function askers(proxies: BlockList | undefined, fields: Fields): Promise<string[]> {
  const plain = await openDoor(echo, { proxies });
  const streams = await openDoor(echo, { proxies, handleStream: echoOnStream });
  const [one, two] = [await openSession(plain.url), await openSession(streams.url)];
  return await Promise.all([
    fetch(plain.url, { headers: fields }).then((answer) => answer.text()),
    text(one.request({ ":path": "/", ...fields })),
    text(two.request({ ":path": "/", ...fields })),
  ]);
}

/** The one that all ways tell. */
async function asker(proxies: BlockList | undefined, fields: Fields): Promise<string | undefined> {
  const [first, ...others] = await askers(proxies, fields);
  expect(others).toEqual([first, first]);
  return first;
}

const SELF = "127.0.0.1";

test("an untrusted peer is nobody but itself, whatever it says in X-Forwarded-For and Forwarded", async () => {
  const forged = { "x-forwarded-for": "203.0.113.7", forwarded: "for=203.0.113.7" };
  expect(await asker(undefined, forged)).toBe(SELF);
  const others = new BlockList();
  others.addSubnet("10.0.0.0", 8, "ipv4");
  expect(await asker(others, forged)).toBe(SELF);
});

test.each([
  ["the address that it tells", "203.0.113.7", "203.0.113.7"],
  ["the one left of other trusted proxies", "203.0.113.7, 10.1.2.3,10.9.9.9", "203.0.113.7"],
  ["not what the caller wrote itself", "10.0.0.1, 198.51.100.1, 203.0.113.7, 10.1.2.3", "203.0.113.7"],
  ["the leftmost if all are trusted", "10.0.0.1, 10.1.2.3", "10.0.0.1"],
  ["an IPv6 address, in one form", "2001:DB8:0::0:7, fd00::1", "2001:db8::7"],
  ["one with a port", "203.0.113.7:4711", "203.0.113.7"],
  ["an IPv6 address with a port", "[2001:db8::7]:4711", "2001:db8::7"],
  ["IPv4 written as IPv6, as IPv4", "::ffff:203.0.113.7, ::ffff:a01:203", "203.0.113.7"],
  ["itself, for a word", "unknown", SELF],
  ["itself, for a damaged address", "203.0.113.7, 10.1.2", SELF],
  ["itself, for an empty one", "203.0.113.7,", SELF],
  ["itself, for a name", "evil.example.com", SELF],
  ["itself, for more proxies than anybody has", `203.0.113.7${", 10.0.0.1".repeat(40)}`, SELF],
])("a trusted proxy's X-Forwarded-For: %s", async (_, list, address) => {
  expect(await asker(trusting(), { "x-forwarded-for": list })).toBe(address);
});

test.each([
  ["the address that it tells", "for=203.0.113.7;proto=https;by=10.0.0.1", "203.0.113.7"],
  ["the nearest that is no trusted proxy", 'for=198.51.100.1, For="203.0.113.7:80";host=a, for=10.1.2.3', "203.0.113.7"],
  ["a quoted IPv6 address", 'proto=http;for="[2001:db8::7]:4711"', "2001:db8::7"],
  ["a comma in quotes is none", 'for=198.51.100.1, by="a,b";for=203.0.113.7', "203.0.113.7"],
  ["itself, for a hidden one", "for=_hidden", SELF],
  ["itself, for an element without one", "for=203.0.113.7, proto=https", SELF],
  ["the address, among spaces", 'proto=https ; for= "203.0.113.7"', "203.0.113.7"],
  ["itself, for one in another's quotes", 'by="a;for=203.0.113.7"', SELF],
  ["itself, where a quote of the caller takes in what the proxy added", 'for=198.51.100.1;x=", for=203.0.113.7', SELF],
])("a trusted proxy's Forwarded: %s", async (_, forwarded, address) => {
  expect(await asker(trusting(), { forwarded })).toBe(address);
});

test("of two fields that differ neither is believed: the caller may have written the one that its proxy does not know", async () => {
  const fields = { "x-forwarded-for": "203.0.113.7", forwarded: "for=198.51.100.1" };
  expect(await asker(trusting(), fields)).toBe(SELF);
  expect(await asker(trusting(), { ...fields, forwarded: "for=203.0.113.7" })).toBe("203.0.113.7");
});

test("a peer that connects by IPv4 to a port for both is known by its IPv4 address", async () => {
  const door = await openDoor(echo, { host: "::", proxies: trusting() });
  const ask = (fields: Fields) => fetch(`http://127.0.0.1:${door.port}`, { headers: fields }).then((answer) => answer.text());
  expect(await ask({})).toBe(SELF);
  expect(await ask({ "x-forwarded-for": "203.0.113.7" })).toBe("203.0.113.7");
});

test("whatever a caller writes itself, it is known by what its proxy adds, or not at all", async () => {
  const door = await openDoor(echo, { proxies: trusting() });
  const piece = fc.constantFrom(
    "for=",
    "for=1.2.3.4;",
    "1.2.3.4",
    '"',
    "[2001:db8::1]",
    ",",
    ";",
    " ",
    "10.0.0.1",
    "unknown",
    "\\",
    "by=",
    "x",
    ":80",
  );
  const written = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""));
  const added = fc.constantFrom(["203.0.113.7", "203.0.113.7"], ["2001:db8::7", '"[2001:db8::7]:443"']);
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom("x-forwarded-for", "forwarded"),
      written,
      added,
      async (field, before, [address = "", quoted = ""]) => {
        const own = field === "forwarded" ? `for=${quoted}` : address;
        const answer = await fetch(door.url, { headers: { [field]: before === "" ? own : `${before}, ${own}` } });
        expect([address, SELF]).toContain(await answer.text());
      },
    ),
    { numRuns: 500 },
  );
});
