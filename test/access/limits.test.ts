// How much one principal, and one address, may use: what a file says of it, and how it is counted.
import { Ajv } from "ajv";
import { describe, expect, test } from "vitest";
import { linesOf } from "../../cli/access/lined.ts";
import { FleetDocument } from "../../cli/fleet/document.ts";
import { canonical, isLoopback, networkOf } from "../../src/access/address.ts";
import { ACCESS_LIMITS, type AccessLimits } from "../../src/access/limits.ts";
import { Bucket, Buckets } from "../../src/access/rate.ts";
import { rulesIn } from "../../src/access/rules.ts";
import { Throttle } from "../../src/access/throttle.ts";
import { type } from "../cli/terminal.ts";

const isRules = new Ajv({ allErrors: true, strictTypes: false }).compile(JSON.parse((await type(["keys", "schema"])).stdout));

async function limitsOf(text: string): Promise<AccessLimits> {
  const document = await FleetDocument.parse("access.yaml", text);
  expect(isRules(document.value), text).toBe(true);
  return rulesIn("access.yaml", linesOf(document)).rules.limits;
}

describe("the limits of a file of access rules", () => {
  test("are the defaults where it says nothing", async () => {
    expect(await limitsOf("issuers: []")).toBe(ACCESS_LIMITS);
    expect(await limitsOf("limits: {principal: {streams: 5}}")).toMatchObject({
      principal: { ...ACCESS_LIMITS.principal, streams: 5 },
      address: ACCESS_LIMITS.address,
    });
  });

  test("bound what they name, by half a rate too, and spare whom they name", async () => {
    const { address, exempt } = await limitsOf(`limits:
  address: {requests: {per_second: 7}, connects: {per_second: 1, at_once: 2}, connections: 9}
  exempt: {principals: ["key:abc"], addresses: [10.0.0.0/8, "fd00::/8", 192.0.2.1]}`);
    expect(address).toMatchObject({
      requests: { perSecond: 7, burst: ACCESS_LIMITS.address.requests.burst },
      connects: { perSecond: 1, burst: 2 },
      connections: 9,
    });
    expect([...exempt.principals]).toEqual(["key:abc"]);
    const asked = ["10.9.8.7", "fd00::1", "192.0.2.1", "127.0.0.1", "192.0.2.2", ""];
    expect(asked.map((one) => exempt.address(one))).toEqual([true, true, true, false, false, false]);
  });

  test.each([
    ["limits: {principal: {requests: 5}}", 'access.yaml:1: limits.principal.requests: got "5"; write an object'],
    ["limits: {principal: {requests: {per_second: 0}}}", 'limits.principal.requests.per_second: got "0"; write a whole number from 1'],
    ["limits: {address: {connection: 5}}", "limits.address.connection: is unknown; there are requests, streams, leases, connections"],
    ["limits: {exempt: {addresses: [everybody]}}", 'limits.exempt.addresses[0]: got "everybody"; write an address or a network'],
    ["limits: {exempt: {addresses: ['::ffff:10.0.0.1']}}", 'got "::ffff:10.0.0.1"; write an address or a network'],
    ["limits: {exempt: {addresses: [0.0.0.0/0]}}", 'got "0.0.0.0/0"; write an address or a network'],
  ])("refuse %s", async (text, words) => {
    const document = await FleetDocument.parse("access.yaml", text);
    expect(() => rulesIn("access.yaml", linesOf(document))).toThrow(words);
  });
});

test("an address of IPv6 stands for its network of 64 bits, one of IPv4 for itself", () => {
  expect(["192.0.2.1", "2001:db8:1:2:3:4:5:6", "2001:db8::1", "fe80::1%eth0", "::1", "2001:db8:1:2::"].map(networkOf)).toEqual([
    "192.0.2.1",
    "2001:db8:1:2::/64",
    "2001:db8:0:0::/64",
    "fe80:0:0:0::/64",
    "0:0:0:0::/64",
    "2001:db8:1:2::/64",
  ]);
  expect(["::ffff:10.1.2.3", "::FFFF:0a01:0203", "2001:DB8::1", "10.1.2.3", "10.1.2", ""].map(canonical)).toEqual([
    "10.1.2.3",
    "10.1.2.3",
    "2001:db8::1",
    "10.1.2.3",
    undefined,
    undefined,
  ]);
  expect(["127.0.0.1", "127.9.9.9", "::1", "128.0.0.1", "::2", ""].map(isLoopback)).toEqual([true, true, true, false, false, false]);
});

describe("a rate", () => {
  const rate = { burst: 3, perSecond: 10 };

  test("lets so many through at once, and then so many a second", () => {
    const bucket = new Bucket();
    expect([0, 0, 0, 0].map((now) => bucket.take(rate, now))).toEqual([0, 0, 0, 100]);
    expect([bucket.has(rate, 99), bucket.has(rate, 100)]).toEqual([false, true]);
    expect([bucket.take(rate, 100), bucket.take(rate, 100)]).toEqual([0, 100]);
    expect(Array.from({ length: 1_000 }, (_, tick) => bucket.take(rate, 200 + tick * 10)).filter((wait) => wait === 0)).toHaveLength(100);
  });

  test("of many keys forgets those that are full again, and the oldest of too many", () => {
    const buckets = new Buckets(100);
    for (let key = 0; key < 100_000; key++) buckets.take(`${key}`, rate, 0);
    expect(buckets.size).toBe(100);
    for (let again = 0; again < 200; again++) buckets.take("one", rate, 10_000);
    expect(buckets.size).toBe(1);
  });
});

describe("a throttle", () => {
  const tight: AccessLimits = {
    principal: { requests: { burst: 2, perSecond: 1 }, streams: 2, leases: 2 },
    lease: { requests: { burst: 3, perSecond: 1 }, streams: 1 },
    address: {
      requests: { burst: 5, perSecond: 1 },
      streams: 3,
      leases: 4,
      connections: 5,
      connects: { burst: 1, perSecond: 1 },
      failures: { burst: 2, perSecond: 1 },
    },
    exempt: { principals: new Set(["admin"]), addresses: [], address: isLoopback },
  };
  const [ann, bob] = [
    { principal: "key:ann", address: "192.0.2.1" },
    { principal: "key:bob", address: "192.0.2.1" },
  ];
  let now = 0;
  const throttle = () => {
    now = 0;
    return new Throttle(tight, () => now);
  };

  test("refuses whoever asks too often, and nobody else; then it is over", () => {
    const it = throttle();
    expect([1, 2, 3, 4].map(() => it.asks(ann)?.retryAfter)).toEqual([undefined, undefined, 2, 3]);
    expect(it.asks(bob)).toBeUndefined();
    now = 4_000;
    expect([it.asks(ann)?.of, it.asks(ann)?.of, it.asks(ann)?.of]).toEqual([undefined, undefined, "by key:ann"]);
  });

  test("tells those who are refused to come back one after the other, and nobody to wait for long", () => {
    const it = throttle();
    const waits = Array.from({ length: 100 }, () => it.asks({ principal: "key:crowd", address: "127.0.0.1" })?.retryAfter ?? 0);
    expect(waits.slice(0, 6)).toEqual([0, 0, 2, 3, 4, 5]);
    expect(Math.max(...waits)).toBe(30);
  });

  test("counts what comes from one address, whoever asks", () => {
    const it = throttle();
    const asked = Array.from({ length: 7 }, (_, number) => it.asks({ principal: `key:${number}`, address: "2001:db8::7" })?.of);
    expect(asked).toEqual([undefined, undefined, undefined, undefined, undefined, "from 2001:db8:0:0::/64", "from 2001:db8:0:0::/64"]);
    expect(it.visits("2001:db8::8")).toBeDefined();
    expect(it.visits("2001:db8:0:1::8")).toBeUndefined();
  });

  test("lets a lease_token be used whatever its key and its address have asked for", () => {
    const it = throttle();
    for (let again = 0; again < 20; again++) it.asks(ann);
    const byToken = { principal: "lease l1", lease: "l1", address: ann.address };
    expect([1, 2, 3, 4].map(() => it.asks(byToken)?.of)).toEqual([undefined, undefined, undefined, "by the lease_token of l1"]);
    expect(it.asks({ principal: "lease l2", lease: "l2", address: ann.address })).toBeUndefined();
  });

  test("binds neither the bootstrap key nor this machine", () => {
    const it = throttle();
    const asked = Array.from({ length: 50 }, () => [
      it.asks({ principal: "admin", address: "::1" }),
      it.visits("127.0.0.1"),
      it.failed("::1", "id"),
    ]);
    expect(asked.flat().filter((refused) => refused !== undefined && refused !== false)).toEqual([]);
  });

  test("counts open streams until they are closed", () => {
    const it = throttle();
    const open = (asker: typeof ann) => it.opens(asker);
    const [first, second] = [open(ann), open(ann)];
    expect(open(ann)).toEqual({ of: "by key:ann", most: 2 });
    expect(open(bob)).toBeTypeOf("function");
    expect(open(bob)).toEqual({ of: "from 192.0.2.1", most: 3 });
    if (typeof first === "function") first();
    expect(open(ann)).toBeTypeOf("function");
    expect(second).toBeTypeOf("function");
  });

  test("knows who has shown too many wrong keys, by address and by the id that they claim", () => {
    const it = throttle();
    expect([1, 2, 3].map(() => it.failed("192.0.2.1", undefined))).toEqual([false, false, true]);
    expect(it.failed("192.0.2.2", undefined)).toBe(false);
    const spread = ["192.0.2.3", "192.0.2.4", "192.0.2.5"].map((address) => it.failed(address, "abc"));
    expect(spread).toEqual([false, false, true]);
  });

  test("takes new limits at once, and keeps what it has counted", () => {
    const it = throttle();
    it.opens(ann);
    it.limits = { ...tight, principal: { ...tight.principal, streams: 1, requests: { burst: 1, perSecond: 1 } } };
    expect(it.opens(ann)).toEqual({ of: "by key:ann", most: 1 });
    expect([it.asks(ann), it.asks(ann)?.of]).toEqual([undefined, "by key:ann"]);
  });
});
