// A fleet as a company has it, with a week behind it: what the screenshots show, and some tests look at.
import { EnvironmentState, HolderKind, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { clientsOf, seconds } from "../outside/clients.ts";
import { Living } from "./living.ts";

const HOUR = 3_600;
const MINUTE = 60;

const ENVIRONMENTS = [
  {
    name: "uat",
    pool: "shop",
    labels: { tier: "uat", region: "eu" },
    description: "Acceptance tests and demos of the whole shop",
    links: { Shop: "https://uat.shop.example", Dashboard: "https://grafana.example/d/uat" },
    maxHold: seconds(4 * HOUR),
  },
  { name: "uat-2", pool: "shop", labels: { tier: "uat", region: "us" }, maxHold: seconds(4 * HOUR) },
  { name: "staging-1", pool: "shop", labels: { tier: "staging" }, maxHold: seconds(2 * HOUR) },
  { name: "staging-2", pool: "shop", labels: { tier: "staging" }, maxHold: seconds(2 * HOUR) },
  { name: "staging-3", pool: "shop", labels: { tier: "staging" }, maxHold: seconds(2 * HOUR) },
  { name: "perf", pool: "shop", labels: { tier: "perf" }, maxHold: seconds(8 * HOUR) },
  { name: "payments/sandbox", pool: "payments", labels: { tier: "sandbox", pci: "yes" }, cleaning: { required: true } },
  { name: "payments/cert", pool: "payments", labels: { tier: "cert", pci: "yes" } },
  { name: "load-runners", pool: "default", labels: { os: "linux" }, capacity: 8 },
  { name: "mac-builders", pool: "default", labels: { os: "macos" }, capacity: 4 },
  { name: "rack/board-01", pool: "rack", labels: { chip: "a72", rev: "c" } },
  { name: "rack/board-02", pool: "rack", labels: { chip: "a72", rev: "c" } },
  { name: "rack/board-03", pool: "rack", labels: { chip: "a72", rev: "d" } },
  { name: "rack/board-04", pool: "rack", labels: { chip: "r5", rev: "a" }, quarantineAfter: 3 },
  { name: "rack/board-05", pool: "rack", labels: { chip: "r5", rev: "a" } },
  { name: "rack/board-06", pool: "rack", labels: { chip: "r5", rev: "b" } },
];

const PIPELINES = [
  "shop/checkout",
  "shop/search",
  "shop/catalogue",
  "payments/gateway",
  "payments/ledger",
  "firmware/boot",
  "firmware/radio",
] as const;
const PEOPLE = ["Ines Moreau", "Tom Adeyemi", "Priya Nair", "Jonas Weber"] as const;
const REASONS = ["nightly", "release 4.18", "acceptance tests", "smoke test", "bisect #3312", "contract tests"] as const;

/** The holder of a run of a pipeline. */
function run(repository: string, number: number) {
  const name = `${repository.split("/")[1]} #${number}`;
  return { name, kind: HolderKind.PIPELINE, repository, ref: "main", runUrl: `https://ci.example/${repository}/runs/${number}` };
}

/** The same numbers at each call, so that pictures can be compared. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

type Clients = ReturnType<typeof clientsOf>;

/** So long ago it began, and in such steps it is lived through, in s. */
const BEGIN = 8 * 24 * HOUR;
const STEP = HOUR;
/** Where it is two in the afternoon: pictures of the night would be of empty environments. */
const OFFSET = ((14 - new Date().getUTCHours() + 12 + 24) % 24) - 12;
export const AFTERNOON = `Etc/GMT${OFFSET < 0 ? "+" : "-"}${Math.abs(OFFSET)}`;
/** Nobody used these. */
const AT_REST: readonly string[] = ["payments/sandbox", "rack/board-05"];

/** A step of the days before: some who have something give it back, and others come, and wait if need be. */
async function live({ locks, environments }: Clients, chance: () => number, at: number): Promise<void> {
  const hour = new Date(at + OFFSET * HOUR * 1_000).getUTCHours();
  const wanted = hour >= 8 && hour < 19 ? 0.4 : 0.12;
  const pick = <T>(of: readonly T[]) => of[Math.floor(chance() * of.length)] as T;
  const { leases } = await environments.listLeases({ filter: { states: [LeaseState.HELD] }, pageSize: 100 });
  for (const { id, grantedAt } of leases)
    if (Number(grantedAt?.seconds) * 1_000 < at - 600_000 && chance() < 0.7) await locks.release({ leaseId: id });
  for (const { name } of ENVIRONMENTS) {
    if (chance() > wanted || AT_REST.includes(name)) continue;
    const holder =
      chance() < 0.8 ? run(pick(PIPELINES), 3_900 + Math.floor(chance() * 800)) : { name: pick(PEOPLE), kind: HolderKind.HUMAN };
    const notAfter = { seconds: BigInt(Math.floor(at / 1_000) + 9 * HOUR), nanos: 0 };
    await locks.acquire({ environment: name, holder, reason: pick(REASONS), autoClaim: true, notAfter, requestId: `${name} ${at}` });
  }
}

/** A server with eight days behind it: some hold something since an hour or two, some wait, something is broken. */
export async function startWithPast(): Promise<Living> {
  const server = new Living();
  const chance = dice(7);
  for (let ago = BEGIN; ago > 4 * HOUR; ago -= STEP + Math.floor(chance() * STEP)) {
    await server.startAgo(ago);
    const clients = clientsOf(server);
    if (ago === BEGIN) await clients.environments.applyEnvironments({ environments: ENVIRONMENTS });
    await live(clients, chance, Date.now() - ago * 1_000);
  }
  const { environments, locks } = clientsOf(server);
  const { leases } = await environments.listLeases({ pageSize: 1_000 });
  for (const { id } of leases.toReversed()) await locks.release({ leaseId: id });
  await populate(server);
  return server;
}

const HOLD = { ttl: seconds(4 * HOUR), ticketTtl: seconds(24 * HOUR), claimTimeout: seconds(HOUR) };

/** Something somebody does so many minutes ago. */
type Step = readonly [
  ago: number,
  act: (clients: Clients, soon: (ahead: number) => { seconds: bigint; nanos: number }) => Promise<unknown>,
];

/** Asks for it, and waits if need be. */
function wants(environment: string, holder: { readonly name: string }, reason: string, rest: object = {}): Step[1] {
  return ({ locks }) => locks.acquire({ environment, holder, reason, requestId: `${environment} ${holder.name}`, ...HOLD, ...rest });
}

/** For a person, until a time so many minutes ahead of now. */
function reserves(environment: string, name: string, reason: string, until: number): Step[1] {
  return ({ locks }, soon) =>
    locks.acquire({
      environment,
      holder: { name, kind: HolderKind.HUMAN },
      reason,
      requestId: `${environment} ${name}`,
      autoClaim: true,
      notAfter: soon(until),
    });
}

function becomes(environment: string, state: EnvironmentState, reason: string, until?: number): Step[1] {
  return ({ environments }, soon) =>
    environments.setEnvironmentState({ environment, state, reason, ...(until !== undefined && { until: soon(until) }) });
}

const PRESENT: readonly Step[] = [
  [154, becomes("rack/board-04", EnvironmentState.QUARANTINED, "3 failures in a row, last: radio #377")],
  [131, wants("perf", run("shop/catalogue", 611), "soak test, 6 h", { ttl: seconds(7 * HOUR), maxHold: seconds(8 * HOUR) })],
  [96, wants("mac-builders", run("shop/checkout", 4702), "nightly")],
  [88, becomes("payments/cert", EnvironmentState.MAINTENANCE, "HSM does not answer")],
  [
    71,
    wants("uat", run("shop/checkout", 4711), "acceptance tests, release 4.18", {
      ttl: seconds(80 * MINUTE),
      maxHold: seconds(80 * MINUTE),
    }),
  ],
  [64, wants("rack/board-01", run("firmware/boot", 1290), "bisect #3312")],
  [58, wants("uat", run("shop/search", 982), "acceptance tests")],
  [47, reserves("staging-1", "Ines Moreau", "demo for the steering group", 70)],
  [41, becomes("staging-2", EnvironmentState.MAINTENANCE, "database upgrade", 50)],
  [36, wants("staging-2", run("shop/search", 984), "smoke test")],
  [33, reserves("uat", "Priya Nair", "check the new basket", 240)],
  [
    26,
    wants("load-runners", run("shop/catalogue", 613), "load test", { needs: [{ environment: "load-runners", slots: 3 }], environment: "" }),
  ],
  [
    24,
    wants("load-runners", run("payments/gateway", 2077), "load test", {
      needs: [{ environment: "load-runners", slots: 2 }],
      environment: "",
    }),
  ],
  [22, becomes("payments/sandbox", EnvironmentState.DIRTY, "")],
  [19, wants("payments/sandbox", run("payments/ledger", 845), "contract tests")],
  [17, wants("rack/board-02", run("firmware/radio", 379), "nightly")],
  [12, wants("rack/board-03", run("firmware/radio", 380), "nightly")],
  [11, wants("uat", run("payments/gateway", 2079), "contract tests")],
  [9, becomes("rack/board-06", EnvironmentState.DRAINING, "new power supply at noon")],
  [6, wants("rack/board-01", run("firmware/boot", 1291), "bisect #3312")],
  [3, wants("mac-builders", run("shop/search", 985), "release 4.18")],
];

/** What is deployed where. */
const FACTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  uat: { version: "4.18.0-rc2", sha: "9c1f03e" },
  perf: { version: "4.17.3", data: "100 M orders" },
  "staging-1": { version: "4.18.0-rc1" },
  "rack/board-01": { firmware: "2.9.1" },
  "rack/board-02": { firmware: "2.9.2-dev" },
};

async function populate(server: Living): Promise<void> {
  const soon = (minutes: number) => ({ seconds: BigInt(Math.floor(Date.now() / 1_000) + minutes * MINUTE), nanos: 0 });
  for (const [ago, act] of PRESENT) {
    await server.startAgo(ago * MINUTE);
    await act(clientsOf(server), soon);
  }
  await server.startAgo(0);
  const { locks, environments } = clientsOf(server);
  const { leases } = await environments.listLeases({ filter: { states: [LeaseState.HELD] }, pageSize: 100 });
  for (const { id, environments: on } of leases) {
    const facts = FACTS[on[0]?.name ?? ""];
    if (facts !== undefined) await locks.renew({ leaseId: id, facts });
  }
}
