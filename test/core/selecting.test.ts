/** Needs by selector: which environments are chosen, and on which terms (rule 1). */
import { describe, expect, test } from "vitest";
import { decide } from "../../src/core/decide.ts";
import { limits } from "../../src/core/limits.ts";
import type { SelectorWant } from "../../src/core/model/lease.ts";
import { matches, type Selector } from "../../src/core/model/selector.ts";
import { textOf } from "../../src/core/model/selector-text.ts";
import { placeOf } from "../../src/core/standing.ts";
import { labelled, on, rack } from "./rack.ts";
import { ADMIN, acquireCommand, HOUR, MINUTE, SECOND, World } from "./world.ts";

describe("what a selector matches", () => {
  const labels = { tier: "uat", region: "eu", empty: "" };
  const cases: [Selector, string, boolean][] = [
    [[{ key: "tier", operator: "IN", values: ["uat"] }], "tier=uat", true],
    [[{ key: "tier", operator: "IN", values: ["qa", "dev"] }], "tier in (qa,dev)", false],
    [[{ key: "region", operator: "NOT_IN", values: ["eu", "us"] }], "region notin (eu,us)", false],
    [[{ key: "zone", operator: "NOT_IN", values: ["a"] }], "zone!=a", true],
    [[{ key: "empty", operator: "EXISTS", values: [] }], "empty", true],
    [[{ key: "gpu", operator: "ABSENT", values: [] }], "!gpu", true],
    [[{ key: "toString", operator: "EXISTS", values: [] }], "toString", false],
    [
      [
        { key: "tier", operator: "EXISTS", values: [] },
        { key: "region", operator: "IN", values: ["us"] },
      ],
      "tier,region=us",
      false,
    ],
    [[], "an empty selector", true],
  ];
  test.each(cases)("%# %s", (selector, text, expected) => {
    expect(textOf(selector)).toBe(text);
    expect(matches(selector, labels)).toBe(expected);
  });
});

describe("a request by selector", () => {
  test("gets the environments whose latest grant is the oldest, each once", () => {
    const world = rack();
    for (const name of ["b1", "b3", "b2"]) {
      world.at += SECOND;
      world.acquire(`at-${name}`, name);
      world.release(`at-${name}`);
    }
    world.acquire("two", labelled("kind", "board", 2));
    expect(on(world, "two")).toEqual(["b1", "b3"]);
  });

  test("leaves to its other wants what only they can use", () => {
    const world = rack();
    world.acquire("mixed", [labelled("kind", "board", 2), labelled("os", "linux"), "uat"]);
    expect(world.state("mixed")).toBe("HELD");
    expect(on(world, "mixed").sort()).toEqual(["b1", "b2", "b3", "uat"]);
    expect(on(world, "mixed")[2]).toBe("b1");
  });

  test("never gets by selector what it names", () => {
    const world = rack();
    expect(world.acquire("x", ["b1", labelled("os", "linux")])).toMatchObject({ state: "ENDED", endReason: "UNSATISFIABLE" });
    expect(world.acquire("y", ["b1", labelled("kind", "board", 2)]).state).toBe("HELD");
  });

  test("never gets what nobody has configured, and gets it once somebody has", () => {
    const world = rack();
    world.acquire("once", "typo");
    world.release("once");
    const unlabelled = { selector: [{ key: "kind", operator: "ABSENT", values: [] }], count: 2, slots: 1 } as const;
    expect(world.acquire("x", unlabelled).endNote).toBe(
      "in pool default, !kind matches 1 environment with 1 slot, fewer than the 2 asked for",
    );
    world.apply({ typo: {} });
    world.acquire("y", unlabelled);
    expect(on(world, "y").sort()).toEqual(["typo", "uat"]);
  });

  test("that can never be met is answered at once, with why", () => {
    const { endNote } = rack().acquire("many", labelled("kind", "board", 4));
    expect(endNote).toBe("in pool default, kind=board matches 3 environments with 1 slot, fewer than the 4 asked for");
  });

  test("whose wants are for the same environments is told what they leave each other", () => {
    const { endNote } = rack().acquire("two", [labelled("kind", "board", 3), labelled("os", "linux")]);
    expect(endNote).toBe(
      "in pool default, os=linux matches 1 environment with 1 slot, of which what else is asked for leaves 0, fewer than the 1 asked for",
    );
  });

  test("that does not wait is told what it would need, and who is on that", () => {
    const world = rack();
    world.apply({ b2: { labels: { kind: "board", os: "linux" }, capacity: 2 } });
    world.acquire("holder", "b2");
    const reply = world.do(acquireCommand("x", [labelled("kind", "board"), labelled("os", "linux", 1, 2)], { ifBusy: "FAIL" }));
    expect(reply).toMatchObject({
      reason: "ENVIRONMENT_BUSY",
      message: "b2 has 1 of 2 slots free, 2 asked for (held by holder); nothing is left in line",
      metadata: { environments: "b2", holders: "holder" },
    });
  });

  test("that would be served by any of very many is told of some of them", () => {
    const world = new World();
    const names = Array.from({ length: 25 }, (_, index) => `b${String(index).padStart(2, "0")}`);
    world.apply(Object.fromEntries(names.map((name) => [name, { labels: { kind: "board" } }])));
    for (const name of names) world.acquire(`at-${name}`, name);
    const reply = world.do(acquireCommand("x", labelled("kind", "board"), { ifBusy: "FAIL" }));
    expect(reply).toMatchObject({
      message: expect.stringMatching(/; b09 is held by at-b09; 15 more that would do are not free either; nothing is left in line$/),
      metadata: { environments: names.slice(0, 10).join(", ") },
    });
  });

  test("ends when a change of configuration leaves it with nothing that could serve it", () => {
    const world = rack();
    world.acquire("holder", "b1");
    world.acquire("linux", labelled("os", "linux"));
    world.acquire("board", labelled("kind", "board", 3));
    world.apply({ b1: { labels: { kind: "board" } } });
    expect(world.states("linux", "board")).toBe("linux UNSATISFIABLE, board QUEUED");
    world.do({ type: "delete", by: ADMIN, environment: "b2" });
    expect(world.state("board")).toBe("UNSATISFIABLE");
  });

  test("stays when one change takes away and brings what it needs, in whichever order", () => {
    const world = rack();
    world.apply({ uat: { capacity: 2 } });
    world.acquire("holder", "b1");
    world.acquire("mixed", ["uat", labelled("kind", "board", 3)]);
    world.apply({ b2: {}, uat: { capacity: 1 }, b4: { labels: { kind: "board" } } });
    expect(world.state("mixed")).toBe("QUEUED");
  });

  test("is served by an environment that comes, or is labelled, while it waits", () => {
    const world = rack();
    for (const name of ["b1", "b2", "b3"]) world.acquire(`at-${name}`, name);
    for (const id of ["first", "second"]) world.acquire(id, labelled("kind", "board"));
    world.apply({ b4: { labels: { kind: "board" } } });
    world.apply({ uat: { labels: { kind: "board" } } });
    expect([on(world, "first"), on(world, "second")]).toEqual([["b4"], ["uat"]]);
  });

  test("is refused as one too many only where nobody in line asks for quite the same", () => {
    const world = new World();
    const kinds = limits.selectors + 1;
    world.apply({ b1: { labels: { kind: "board" } }, uat: { labels: { kind: "uat" } } });
    for (const name of ["b1", "uat"]) world.acquire(`at-${name}`, name);
    const but = (index: number): SelectorWant => {
      const selector = [...labelled("kind", "board").selector, { key: "serial", operator: "NOT_IN", values: [`s${index}`] } as const];
      return { selector, count: 1, slots: 1 };
    };
    const wants = Array.from({ length: kinds }, (_, index) => but(index));
    const replies = world.draft((draft) => wants.map((want, index) => decide(draft, acquireCommand(`w${index}`, want))));
    expect(replies.map(({ ok }) => ok)).toEqual([...Array.from({ length: limits.selectors }, () => true), false]);
    expect(replies.at(-1)).toMatchObject({ reason: "LIMIT_REACHED" });
    expect(world.acquire("same", but(0)).state).toBe("QUEUED");
    expect(world.acquire("other", labelled("kind", "uat")).state).toBe("QUEUED");
    world.release("w0");
    world.release("same");
    expect(world.acquire("again", but(kinds)).state).toBe("QUEUED");
  });

  test("is kept within what the chosen environment allows", () => {
    const world = rack();
    world.apply({ b1: { labels: { os: "linux" }, maxTtl: MINUTE, maxHold: HOUR } });
    expect(world.acquire("x", labelled("os", "linux"), { ttl: HOUR, maxHold: 2 * HOUR })).toMatchObject({ ttl: MINUTE, maxHold: HOUR });
  });

  test("that sets no terms has the usual ones while it waits, and from its grant those of the chosen environment", () => {
    const world = rack();
    world.apply({ b1: { labels: { os: "linux" }, defaultTtl: 5 * MINUTE, maxHold: HOUR } });
    world.acquire("holder", "b1");
    expect(world.acquire("x", labelled("os", "linux"))).toMatchObject({ ttl: HOUR, maxHold: 4 * HOUR });
    world.release("holder");
    expect(world.lease("x")).toMatchObject({ state: "OFFERED", ttl: 5 * MINUTE, maxHold: HOUR });
  });

  test("has with its next grant the terms that the first environment did not allow, a renewed ttl too", () => {
    const world = rack();
    world.apply({ b1: { labels: { kind: "board" }, maxTtl: MINUTE, maxHold: HOUR } });
    for (const name of ["b1", "b2", "b3"]) world.acquire(`at-${name}`, name);
    world.acquire("x", labelled("kind", "board"), { ttl: 2 * MINUTE, claimTimeout: SECOND });
    world.release("at-b1");
    expect(world.lease("x")).toMatchObject({ state: "OFFERED", ttl: MINUTE, maxHold: HOUR });
    world.pass(SECOND);
    world.acquire("next", "b1");
    world.do({ type: "renew", by: ADMIN, lease: "x", ttl: 3 * MINUTE });
    world.release("at-b2");
    expect(world.lease("x")).toMatchObject({ state: "OFFERED", ttl: 3 * MINUTE, maxHold: 4 * HOUR });
  });
});

describe("of those who may not use everything", () => {
  const of = (...only: string[]) => ({ ...labelled("kind", "board"), only });

  test("each is served with what it may use, whoever else asks for the same", () => {
    const world = rack();
    for (const name of ["b1", "b2", "b3"]) world.acquire(`at-${name}`, name);
    world.acquire("first", of("b1"));
    world.acquire("second", of("b2", "b3"));
    world.release("at-b2");
    expect(world.states("first", "second")).toBe("first QUEUED, second OFFERED");
    expect(on(world, "second")).toEqual(["b2"]);
    world.release("at-b1");
    expect(on(world, "first")).toEqual(["b1"]);
  });

  test("nobody is ahead of, or is kept waiting by, one who may use something else", () => {
    const world = rack();
    for (const name of ["b1", "b2"]) world.acquire(`at-${name}`, name);
    world.acquire("ahead", of("b1"));
    expect(world.acquire("free", of("b3")).state).toBe("HELD");
    world.acquire("behind", of("b2"));
    expect(placeOf(world.pool, world.lease("behind"))).toMatchObject({ position: 1, queueLength: 1 });
  });

  test("one who may use nothing that matches can never be served, and is told so", () => {
    const world = rack();
    const lease = world.acquire("x", of("other-*"));
    expect(lease).toMatchObject({ state: "ENDED", endReason: "UNSATISFIABLE" });
    expect(lease.endNote).toContain("0 environments with 1 slot that this caller may use");
  });

  test("a restart finds them with what they may use", () => {
    const world = rack();
    for (const name of ["b1", "b2", "b3"]) world.acquire(`at-${name}`, name);
    world.acquire("first", of("b1"));
    world.reload();
    world.release("at-b2");
    expect(world.states("first")).toBe("first QUEUED");
    world.release("at-b1");
    expect(on(world, "first")).toEqual(["b1"]);
  });
});

describe("quotas", () => {
  const quotas = [{ name: "key:a#0", most: 2 }];

  test("count what is held and what waits, until it ends, whatever ends it", () => {
    const world = rack();
    world.acquire("one", "b1", { quotas });
    world.acquire("two", "b1", { quotas });
    expect(world.do(acquireCommand("three", "b2", { quotas }))).toMatchObject({ ok: false, reason: "QUOTA_REACHED" });
    expect(world.acquire("other", "b2", { quotas: [{ name: "key:b#0", most: 1 }] }).state).toBe("HELD");
    expect(world.acquire("without", "b3").state).toBe("HELD");
    world.release("one");
    expect(world.states("two")).toBe("two OFFERED");
    expect(world.acquire("three", "b1", { quotas }).state).toBe("QUEUED");
    expect(world.pool.quotas.get("key:a#0")).toBe(2);
    world.reload();
    expect(world.pool.quotas.get("key:a#0")).toBe(2);
    for (const id of ["two", "three"]) world.release(id);
    expect(world.pool.quotas.get("key:a#0")).toBeUndefined();
  });

  test("do not count those whose place a newcomer takes, nor those that were asked to stop", () => {
    const world = rack();
    const own = { quotas: [{ name: "q", most: 1 }], supersedeKey: "branch" };
    world.acquire("first", "b1", own);
    expect(world.do(acquireCommand("next", "b1", own))).toMatchObject({ reason: "QUOTA_REACHED" });
    expect(world.do(acquireCommand("next", "b1", { ...own, supersede: "PENDING" }))).toMatchObject({ reason: "QUOTA_REACHED" });
    expect(world.acquire("second", "b1", { ...own, supersede: "HELD" }).state).toBe("QUEUED");
    expect(world.lease("first").cancelRequested).toBeDefined();
    expect(world.acquire("third", "b1", { ...own, supersede: "PENDING" }).state).toBe("QUEUED");
    expect(world.lease("second").endReason).toBe("SUPERSEDED");
    world.reload();
    expect(world.pool.quotas.get("q")).toBe(1);
  });

  test("count all that a lease is counted by, and one of them that is full refuses it", () => {
    const world = rack();
    const [a, b] = [
      { name: "a", most: 1 },
      { name: "b", most: 2 },
    ];
    world.acquire("both", ["b1", "b2"], { quotas: [a, b] });
    expect(world.do(acquireCommand("one", "b3", { quotas: [a] }))).toMatchObject({ reason: "QUOTA_REACHED", metadata: { limit: "1" } });
    expect(world.acquire("other", "b3", { quotas: [b] }).state).toBe("HELD");
    expect(world.do(acquireCommand("more", "uat", { quotas: [b] }))).toMatchObject({ reason: "QUOTA_REACHED" });
    world.release("both");
    expect(world.acquire("one", "b1", { quotas: [a, b] }).state).toBe("HELD");
  });

  test("are not asked of a retry, and a refused request takes nothing of them", () => {
    const world = rack();
    const asked = { quotas: [{ name: "q", most: 1 }], requestId: "r", fingerprint: "f" };
    const first = world.acquire("one", "b1", asked);
    expect(world.acquire("again", "b1", asked).id).toBe(first.id);
    expect(world.do(acquireCommand("x", "b1", { quotas: [{ name: "p", most: 1 }], ifBusy: "FAIL" }))).toMatchObject({ ok: false });
    expect(world.pool.quotas.get("p")).toBeUndefined();
  });
});
