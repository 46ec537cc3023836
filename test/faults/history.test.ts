import { describe, expect, test } from "vitest";
import { type Call, type Fact, type Outcome, type Sight, violations } from "./history.ts";

type Times = readonly [invoked: number, returned: number];

/** One thing wanted, "a", "b" and so on: its lease is A, B. */
class Want {
  readonly calls: Call[] = [];
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  did(verb: Call["verb"], times: Times, seen: Partial<Sight> | "unknown" | "refused"): this {
    const [invoked, returned] = times;
    const call = { verb, environment: "uat", want: this.name, invoked, returned };
    const sight = { id: this.name.toUpperCase(), key: `key-${this.name}`, state: "HELD", reason: "", fence: 0, ttl: 100 } as const;
    this.calls.push(typeof seen === "string" ? { ...call, outcome: seen } : { ...call, outcome: "ok", lease: { ...sight, ...seen } });
    return this;
  }

  wrote(times: Times, fence: number, outcome: Call["outcome"]): this {
    this.calls.push({ verb: "write", environment: "uat", want: this.name, invoked: times[0], returned: times[1], outcome, fence });
    return this;
  }

  queued(...times: Times): this {
    return this.did("acquire", times, { state: "QUEUED" });
  }
  held(times: Times, fence: number): this {
    return this.did("acquire", times, { state: "HELD", fence });
  }
  seen(times: Times, fence: number): this {
    return this.did("look", times, { state: "HELD", fence });
  }
  renewed(times: Times, fence: number): this {
    return this.did("renew", times, { state: "HELD", fence });
  }
  released(times: Times, fence: number): this {
    return this.did("release", times, { state: "ENDED", reason: "RELEASED", fence });
  }
}

const a = () => new Want("a");
const b = () => new Want("b");
const c = () => new Want("c");

function fact(want: string, state: Fact["state"], fence: number, reason = ""): Fact {
  return { id: want.toUpperCase(), want, environment: "uat", state, reason, fence };
}
const released = (want: string, fence: number) => fact(want, "ENDED", fence, "RELEASED");

function judge(wants: readonly Want[], leases: readonly Fact[], facts: Partial<Outcome["environments"][number]> = {}, asked = 1_000) {
  const used = leases.filter(({ state }) => state === "HELD" || state === "OFFERED").length;
  const waiting = leases.filter(({ state }) => state === "QUEUED").length;
  const calls = wants.flatMap((want) => want.calls).sort((one, other) => one.invoked - other.invoked);
  return violations(calls, { asked, leases, environments: [{ name: "uat", capacity: 1, used, waiting, ...facts }] });
}

type Case = readonly [name: string, wants: readonly Want[], leases: readonly Fact[], facts?: Partial<Outcome["environments"][number]>];

const GOOD: readonly Case[] = [
  ["nothing happened", [], []],
  ["taken, renewed, given back", [a().held([0, 1], 1).renewed([50, 51], 1).released([120, 121], 1)], [released("a", 1)]],
  [
    "handed over in order",
    [a().held([0, 1], 1).released([9, 10], 1), b().queued(2, 3).seen([4, 11], 2)],
    [released("a", 1), fact("b", "HELD", 2)],
  ],
  ["a retry after an unknown one", [a().did("acquire", [0, 1], "unknown").held([2, 3], 1).held([4, 5], 1)], [fact("a", "HELD", 1)]],
  ["never answered, and stored", [a().did("acquire", [0, 1], "unknown")], [fact("a", "HELD", 1)]],
  ["never answered, and not stored", [a().did("acquire", [0, 1], "unknown")], []],
  ["a release that was not answered", [a().held([0, 1], 1).did("release", [2, 3], "unknown")], [released("a", 1)]],
  ["a release that did not arrive", [a().held([0, 1], 1).did("release", [2, 3], "unknown")], [fact("a", "HELD", 1)]],
  [
    "expired in time, and the next one served",
    [a().held([0, 1], 1), b().queued(2, 3).seen([50, 105], 2)],
    [fact("a", "ENDED", 1, "EXPIRED"), fact("b", "HELD", 2)],
  ],
  [
    "an offer that was not claimed",
    [a().queued(0, 1).did("look", [2, 3], { state: "OFFERED", fence: 1 })],
    [fact("a", "ENDED", 1, "LAPSED")],
  ],
  ["two on two slots", [a().held([0, 1], 1), b().held([2, 3], 2)], [fact("a", "HELD", 1), fact("b", "HELD", 2)], { capacity: 2 }],
  [
    "two that asked at the same time, in either order",
    [a().queued(0, 5).seen([6, 9], 2), b().held([1, 4], 1).released([7, 8], 1)],
    [fact("a", "HELD", 2), released("b", 1)],
  ],
  [
    "a vanished waiter is passed over",
    [a().queued(0, 1), b().queued(2, 3).seen([4, 5], 7)],
    [fact("a", "ENDED", 0, "ABANDONED"), fact("b", "HELD", 7)],
  ],
  ["withdrawn when its connection broke", [a().did("acquire", [0, 1], "unknown")], [fact("a", "ENDED", 0, "WITHDRAWN")]],
  [
    "a late writer is refused",
    [a().held([0, 1], 1).wrote([120, 121], 1, "refused"), b().queued(2, 3).seen([4, 105], 2).wrote([106, 107], 2, "ok")],
    [fact("a", "ENDED", 1, "EXPIRED"), fact("b", "HELD", 2)],
  ],
];

const BAD: readonly (readonly [check: string, ...Case])[] = [
  ["C1", "a token that falls", [a().held([0, 1], 5).released([2, 3], 5), b().held([4, 5], 4)], [released("a", 5), fact("b", "HELD", 4)]],
  ["C1", "a token twice", [a().held([0, 1], 5).released([2, 3], 5), b().held([4, 5], 5)], [released("a", 5), fact("b", "HELD", 5)]],
  ["C2", "two on one slot", [a().held([0, 1], 1), b().held([2, 3], 2)], [fact("a", "HELD", 1), fact("b", "HELD", 2)]],
  [
    "C2",
    "handed over before the release was asked for",
    [a().held([0, 1], 1).released([50, 51], 1), b().held([2, 3], 2)],
    [released("a", 1), fact("b", "HELD", 2)],
  ],
  [
    "C2",
    "handed over in spite of a renewal",
    [a().held([0, 1], 1).renewed([90, 91], 1), b().held([150, 151], 2)],
    [fact("a", "ENDED", 1, "EXPIRED"), fact("b", "HELD", 2)],
  ],
  [
    "C2",
    "three on two slots",
    [a().held([0, 1], 1), b().held([2, 3], 2), c().held([4, 5], 3)],
    [fact("a", "HELD", 1), fact("b", "HELD", 2), fact("c", "HELD", 3)],
    { capacity: 2 },
  ],
  ["C3", "an old writer after a new one", [b().held([2, 3], 2).wrote([4, 5], 2, "ok"), a().wrote([6, 7], 1, "ok")], [fact("b", "HELD", 2)]],
  ["C3", "a holder's write refused", [a().held([0, 1], 1).wrote([2, 3], 1, "refused")], [fact("a", "HELD", 1)]],
  ["C4", "a lease that is gone", [a().held([0, 1], 1)], []],
  ["C4", "a place in line that is gone", [a().queued(0, 1)], []],
  ["C4", "back in line", [a().held([0, 1], 1)], [fact("a", "QUEUED", 1)]],
  ["C4", "another token", [a().held([0, 1], 1)], [fact("a", "HELD", 2)]],
  ["C4", "a release undone", [a().held([0, 1], 1).released([2, 3], 1)], [fact("a", "HELD", 1)]],
  ["C4", "ended without a cause", [a().held([0, 1], 1)], [fact("a", "ENDED", 1)]],
  ["C4", "released by nobody", [a().held([0, 1], 1)], [released("a", 1)]],
  ["C4", "withdrawn by nobody", [a().queued(0, 1)], [fact("a", "ENDED", 0, "WITHDRAWN")]],
  ["C5", "a retry with another lease", [a().held([0, 1], 1).did("acquire", [2, 3], { id: "X", fence: 1 })], [fact("a", "HELD", 1)]],
  ["C5", "a retry with another lease token", [a().held([0, 1], 1).did("acquire", [2, 3], { key: "x", fence: 1 })], [fact("a", "HELD", 1)]],
  ["C5", "a retry with another fencing token", [a().held([0, 1], 1).held([2, 3], 2)], [fact("a", "HELD", 2)]],
  ["C5", "a second lease nobody was told of", [a().held([0, 1], 1)], [fact("a", "HELD", 1), { ...released("a", 9), id: "X" }]],
  [
    "C6",
    "overtaken",
    [a().queued(0, 1).seen([8, 9], 2), b().queued(2, 3).seen([4, 5], 1).released([6, 7], 1)],
    [fact("a", "HELD", 2), released("b", 1)],
  ],
  [
    "C6",
    "overtaken by one who was never answered",
    [a().queued(0, 1).seen([8, 9], 2), b().did("acquire", [2, 3], "unknown")],
    [fact("a", "HELD", 2), fact("b", "ENDED", 1, "EXPIRED")],
  ],
  [
    "C6",
    "still waiting while a later one was served",
    [a().queued(0, 1), b().held([2, 3], 1)],
    [fact("a", "QUEUED", 0), fact("b", "HELD", 1)],
  ],
  [
    "C8",
    "expired before its ttl",
    [a().held([0, 1], 1).did("look", [60, 61], { state: "ENDED", reason: "EXPIRED", fence: 1 })],
    [fact("a", "ENDED", 1, "EXPIRED")],
  ],
  ["C8", "expired before its renewal's ttl", [a().held([0, 1], 1).renewed([950, 951], 1)], [fact("a", "ENDED", 1, "EXPIRED")]],
  ["C10", "a lease nobody asked for", [], [fact("x", "HELD", 1)]],
  ["C10", "a slot that is lost", [], [], { used: 1 }],
  ["C10", "a waiter nobody counts", [a().queued(0, 1)], [fact("a", "QUEUED", 0)], { waiting: 0 }],
  [
    "C10",
    "more than fit",
    [a().did("acquire", [0, 1], "unknown"), b().did("acquire", [0, 1], "unknown")],
    [fact("a", "HELD", 1), fact("b", "HELD", 2)],
  ],
];

describe("a history's checks", () => {
  for (const [name, wants, leases, facts] of GOOD) test(`let pass: ${name}`, () => expect(judge(wants, leases, facts)).toEqual([]));

  for (const [check, name, wants, leases, facts] of BAD)
    test(`${check} catches: ${name}`, () => {
      expect(judge(wants, leases, facts).map((sentence) => sentence.split(":")[0])).toContain(check);
    });
});
