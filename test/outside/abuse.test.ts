// Each attack for a moment: the process lives, nobody is told `internal`, and somebody else is served meanwhile. bench/abuse.ts has them at
// length, with figures.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ATTACKS, type AttackName } from "../abuse/attacks.ts";
import { Fortress } from "../abuse/siege.ts";
import { clientsOf } from "./clients.ts";

let fortress: Fortress;
beforeAll(async () => {
  fortress = await Fortress.build();
});
afterAll(() => fortress[Symbol.asyncDispose]());

/** Counts of what must not be seen. */
const NEVER = /^HTTP 5\d\d$|internal/i;

describe("is served while somebody else attacks by", () => {
  test.each(Object.keys(ATTACKS) as AttackName[])("%s", async (name) => {
    let over = false;
    const attack = fortress.attack(name, 0.4).finally(() => {
      over = true;
    });
    // As fast as it goes, by the key that may.
    const { locks } = clientsOf(fortress.server, "gRPC");
    let served = 0;
    for (; !over; served++) expect((await locks.check({ environment: "used" })).available).toBe(true);
    const counts = await attack;
    expect(served).toBeGreaterThan(0);
    expect(counts["connections"]).toBeGreaterThan(0);
    expect(
      Object.keys(counts).filter((what) => NEVER.test(what)),
      JSON.stringify(counts),
    ).toEqual([]);
  });
});

test("and then everything is as before, and nothing of it was an unforeseen error", async () => {
  const { server, user } = fortress;
  expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
  expect((await clientsOf({ url: server.url, key: user }).locks.check({ environment: "used" })).available).toBe(true);
  expect(server.complaints.filter(({ msg }) => !msg.startsWith("refused connections"))).toEqual([]);
});
