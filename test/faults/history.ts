// What must be true of any history, whatever failed meanwhile. Each grant has a token of its own, so every check is near-linear.

/** What a call was told of a lease. Durations in ms. */
export interface Sight {
  readonly id: string;
  /** The lease_token; empty where the answer has none. */
  readonly key: string;
  readonly state: "QUEUED" | "OFFERED" | "HELD" | "ENDED";
  /** Empty unless ENDED. */
  readonly reason: string;
  /** The fencing token; 0 until granted. */
  readonly fence: number;
  readonly ttl: number;
}

/** One call as its caller saw it, or a write to what the environment stands for. Times: ms on one monotonic clock. */
export interface Call {
  readonly verb: "acquire" | "look" | "renew" | "release" | "write";
  readonly environment: string;
  /** Names the thing wanted: the lease's holder, and the request_id where one was sent. */
  readonly want: string;
  readonly invoked: number;
  readonly returned: number;
  /** "unknown": whether it happened nobody can tell. */
  readonly outcome: "ok" | "refused" | "unknown";
  /** Of "ok" calls. */
  readonly lease?: Sight;
  /** What a write bore. */
  readonly fence?: number;
}

/** A lease as the server lists it afterwards. */
export type Fact = Omit<Sight, "key" | "ttl"> & { readonly want: string; readonly environment: string };

/** What the server says when nobody calls any more. */
export interface Outcome {
  /** When it was asked. */
  readonly asked: number;
  readonly leases: readonly Fact[];
  readonly environments: readonly { readonly name: string; readonly capacity: number; readonly used: number; readonly waiting: number }[];
}

/** All that is known of one thing wanted. Times at which nothing is known to have happened are infinite. */
interface Story {
  readonly want: string;
  readonly environment: string;
  readonly calls: readonly Call[];
  readonly sights: readonly Call[];
  readonly id: string | undefined;
  readonly fence: number;
  /** The first Acquire was sent, and the first one answered. */
  readonly asked: number;
  readonly accepted: number;
  /** It was granted between these two. */
  readonly grantedAfter: number;
  readonly grantedBefore: number;
  /** It does not expire before this. */
  readonly deadline: number;
  /** It was certainly held between these two. */
  readonly heldFrom: number;
  readonly heldUntil: number;
  readonly released: boolean;
  readonly givenUp: boolean;
}

/** The sentences of what is wrong, each with the number of its check in the fault catalogue; none for a good history. */
export function violations(calls: readonly Call[], outcome: Outcome): string[] {
  const stories = tell(calls);
  return [
    ...tokensRise(stories),
    ...holdersExclude(stories, outcome),
    ...writersAreFenced(calls, stories, outcome),
    ...acknowledgedSurvives(stories, outcome),
    ...retriesAgree(stories, outcome),
    ...lineIsFair(stories, outcome),
    ...nothingEndsEarly(stories, outcome),
    ...leasesAreConserved(stories, outcome),
  ];
}

function tell(calls: readonly Call[]): Story[] {
  const wants = new Map<string, Call[]>();
  for (const call of calls) if (call.verb !== "write") wants.set(call.want, [...(wants.get(call.want) ?? []), call]);
  return [...wants.entries()].map(([want, own]) => storyOf(want, own));
}

function storyOf(want: string, calls: readonly Call[]): Story {
  const sights = calls.filter((call) => call.lease !== undefined);
  const acquires = calls.filter((call) => call.verb === "acquire");
  const releases = calls.filter((call) => call.verb === "release");
  const seen = (states: string) => sights.filter((call) => states.includes(call.lease?.state ?? "?"));
  const asked = least(acquires.map((call) => call.invoked));
  const grantedAfter = Math.max(asked, ...seen("QUEUED").map((call) => call.invoked));
  const renewed = Math.max(grantedAfter, ...seen("HELD").flatMap((call) => (call.verb === "renew" ? call.invoked : [])));
  const ttl = least(sights.map((call) => call.lease?.ttl ?? Number.POSITIVE_INFINITY));
  return {
    want,
    environment: calls[0]?.environment ?? "",
    calls,
    sights,
    id: sights[0]?.lease?.id,
    fence: Math.max(0, ...seen("HELD").map((call) => call.lease?.fence ?? 0)),
    asked,
    accepted: least(acquires.flatMap((call) => (call.lease === undefined ? [] : call.returned))),
    grantedAfter,
    grantedBefore: least(sights.flatMap((call) => (call.lease?.fence ? call.returned : []))),
    heldFrom: least(seen("HELD").map((call) => call.returned)),
    heldUntil: Math.min(renewed + ttl, ...releases.map((call) => call.invoked)),
    deadline: renewed + ttl,
    released: releases.some((call) => call.outcome === "ok"),
    givenUp: releases.length > 0,
  };
}

/** C1: a grant that came certainly later on an environment has a higher token, and no two have the same. */
function tokensRise(stories: readonly Story[]): string[] {
  return perEnvironment(stories, (all) => {
    const granted = all.filter((story) => story.fence > 0);
    const known = granted.toSorted((a, b) => a.grantedBefore - b.grantedBefore);
    const holders = new Map<number, Story>();
    let highest: Story | undefined;
    let next = 0;
    return granted
      .toSorted((a, b) => a.grantedAfter - b.grantedAfter)
      .flatMap((story) => {
        for (let before = known[next]; before !== undefined && before.grantedBefore < story.grantedAfter; before = known[++next])
          if (highest === undefined || before.fence > highest.fence) highest = before;
        const twin = holders.get(story.fence);
        holders.set(story.fence, story);
        return [
          ...(twin === undefined ? [] : [`C1: ${twin.want} and ${story.want} were both granted with token ${story.fence}`]),
          ...(highest !== undefined && highest.fence > story.fence
            ? [`C1: ${story.want} was granted after ${highest.want}, with the lower token ${story.fence} < ${highest.fence}`]
            : []),
        ];
      });
  });
}

/** C2: never more certain holders at a time than slots. */
function holdersExclude(stories: readonly Story[], outcome: Outcome): string[] {
  return perEnvironment(stories, (all, environment) => {
    const holds = all.filter((story) => story.heldFrom < story.heldUntil);
    const edges = holds.flatMap((story) => [
      { at: story.heldFrom, step: 1, story },
      { at: story.heldUntil, step: -1, story },
    ]);
    const capacity = capacityOf(outcome, environment);
    const now = new Set<Story>();
    return edges
      .toSorted((a, b) => a.at - b.at || a.step - b.step)
      .flatMap(({ step, story }) => {
        if (step > 0) now.add(story);
        else now.delete(story);
        return step > 0 && now.size > capacity ? [`C2: ${names(now)} held ${environment} at the same time; it has ${capacity}`] : [];
      });
  });
}

/** C3, where there is one slot: what is protected by the token takes no older writer after a newer one, nor refuses the present holder. */
function writersAreFenced(calls: readonly Call[], stories: readonly Story[], outcome: Outcome): string[] {
  const byWant = new Map(stories.map((story) => [story.want, story]));
  const highest = new Map<string, Call>();
  return calls.flatMap((call) => {
    if (call.verb !== "write" || capacityOf(outcome, call.environment) !== 1) return [];
    const before = highest.get(call.environment);
    const stale = before !== undefined && (call.fence ?? 0) < (before.fence ?? 0);
    if (call.outcome === "ok" && !stale) highest.set(call.environment, call);
    if (call.outcome === "ok") return stale ? [`C3: a write of ${call.want} was accepted after one of ${before.want}`] : [];
    const { heldFrom = 0, heldUntil = 0 } = byWant.get(call.want) ?? {};
    return heldFrom <= call.invoked && call.returned < heldUntil ? [`C3: a write of ${call.want} was refused while it held`] : [];
  });
}

/** An offer that nobody claims is none any more. */
const STAGES: Record<Sight["state"], number> = { QUEUED: 0, OFFERED: 0, HELD: 1, ENDED: 2 };
const GIVEN_UP = ["RELEASED", "WITHDRAWN"];

/** C4: what was acknowledged is there, as far on as it was or ended for a recorded cause. */
function acknowledgedSurvives(stories: readonly Story[], outcome: Outcome): string[] {
  const facts = new Map(outcome.leases.map((fact) => [fact.id, fact]));
  return stories.flatMap((story) => {
    if (story.id === undefined) return [];
    const fact = facts.get(story.id);
    if (fact === undefined) return [`C4: lease ${story.id} of ${story.want} is gone`];
    const stage = Math.max(...story.sights.map((call) => STAGES[call.lease?.state ?? "QUEUED"]));
    const ended = fact.state === "ENDED";
    // Who waits without a request_id is withdrawn when its connection breaks.
    const lost = story.calls.some((call) => call.outcome === "unknown");
    return [
      ...(STAGES[fact.state] < stage ? [`C4: ${story.want} went back to ${fact.state}`] : []),
      ...(story.fence > 0 && fact.fence !== story.fence ? [`C4: the token of ${story.want} became ${fact.fence}`] : []),
      ...(story.released && !ended ? [`C4: ${story.want} was released, and is ${fact.state}`] : []),
      ...(ended && fact.reason === "" ? [`C4: ${story.want} has ended without a cause`] : []),
      ...(GIVEN_UP.includes(fact.reason) && !story.givenUp && !lost ? [`C4: ${story.want} is ${fact.reason}, and nobody asked`] : []),
    ];
  });
}

/** C5: one lease for each thing wanted, the same in every answer. */
function retriesAgree(stories: readonly Story[], outcome: Outcome): string[] {
  const distinct = <T>(values: readonly T[]) => [...new Set(values)].filter(Boolean);
  const twice = (want: string, what: string, values: readonly unknown[]) =>
    values.length > 1 ? [`C5: ${want} was given the ${what} ${values.join(" and ")}`] : [];
  const told = stories.flatMap(({ want, sights }) => [
    ...twice(want, "leases", distinct(sights.map((call) => call.lease?.id))),
    ...twice(want, "lease tokens", distinct(sights.map((call) => call.lease?.key))),
    ...twice(want, "fencing tokens", distinct(sights.map(({ lease }) => (lease?.state === "HELD" ? lease.fence : 0)))),
  ]);
  const kept = Map.groupBy(outcome.leases, (fact) => fact.want);
  return [...told, ...[...kept].flatMap(([want, facts]) => twice(want, "stored leases", distinct(facts.map((fact) => fact.id))))];
}

/** C6: of two that want the same at the same priority, the one that was accepted before the other asked is granted first. */
function lineIsFair(stories: readonly Story[], outcome: Outcome): string[] {
  const facts = new Map(outcome.leases.map((fact) => [fact.want, fact]));
  return perEnvironment(stories, (all) => {
    // A waiter that has ended without a grant is passed over by right; one that still waits comes after everybody.
    const placeOf = ({ want }: Story) => facts.get(want)?.fence || (facts.get(want)?.state === "QUEUED" ? Number.POSITIVE_INFINITY : 0);
    const accepted = all.filter((story) => placeOf(story) > 0).toSorted((a, b) => a.accepted - b.accepted);
    let last: Story | undefined;
    let next = 0;
    return accepted
      .toSorted((a, b) => a.asked - b.asked)
      .flatMap((story) => {
        for (let before = accepted[next]; before !== undefined && before.accepted < story.asked; before = accepted[++next])
          if (last === undefined || placeOf(before) > placeOf(last)) last = before;
        return last !== undefined && placeOf(last) > placeOf(story)
          ? [`C6: ${story.want} was served before ${last.want}, which came first`]
          : [];
      });
  });
}

/** C8, the lower bound: nothing expires before its acknowledged deadline. The upper one needs the server's stalls: see time.test.ts. */
function nothingEndsEarly(stories: readonly Story[], outcome: Outcome): string[] {
  const expired = new Set(outcome.leases.flatMap((fact) => (fact.reason === "EXPIRED" ? fact.id : [])));
  return stories.flatMap(({ want, id = "", sights, deadline }) => {
    const told = sights.filter((call) => call.lease?.reason === "EXPIRED").map((call) => call.returned);
    const seen = least(expired.has(id) ? [...told, outcome.asked] : told);
    return seen < deadline ? [`C8: ${want} expired ${deadline - seen} ms early`] : [];
  });
}

/** C10: every lease was asked for, and what the environments say is what the leases say. */
function leasesAreConserved(stories: readonly Story[], outcome: Outcome): string[] {
  const wanted = new Set(stories.map((story) => story.want));
  const strangers = outcome.leases.filter((fact) => !wanted.has(fact.want)).map((fact) => `C10: nobody asked for lease ${fact.id}`);
  const counts = outcome.environments.flatMap(({ name, capacity, used, waiting }) => {
    const here = outcome.leases.filter((fact) => fact.environment === name);
    const granted = here.filter((fact) => fact.state === "HELD" || fact.state === "OFFERED").length;
    const queued = here.filter((fact) => fact.state === "QUEUED").length;
    return [
      ...(granted > capacity ? [`C10: ${granted} leases are on ${name}, which has ${capacity}`] : []),
      ...(granted !== used ? [`C10: ${granted} leases are on ${name}, which counts ${used}`] : []),
      ...(queued !== waiting ? [`C10: ${queued} leases wait for ${name}, which counts ${waiting}`] : []),
    ];
  });
  return [...strangers, ...counts];
}

function perEnvironment(stories: readonly Story[], check: (stories: Story[], environment: string) => string[]): string[] {
  return [...Map.groupBy(stories, (story) => story.environment)].flatMap(([environment, own]) => check(own, environment));
}

function capacityOf(outcome: Outcome, environment: string): number {
  return outcome.environments.find(({ name }) => name === environment)?.capacity ?? 1;
}

function names(stories: Iterable<Story>): string {
  return [...stories].map((story) => story.want).join(" and ");
}

function least(times: readonly number[]): number {
  return Math.min(Number.POSITIVE_INFINITY, ...times);
}
