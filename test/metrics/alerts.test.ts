// Every alert fires by the fault that it is for, on a real server, and not before.
import { readFileSync, rmSync } from "node:fs";
import path from "node:path";
import Database from "better-sqlite3";
import { expect, test, vi } from "vitest";
import { parse } from "yaml";
import { Outcome } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { canTrace, meddleWithSyncs } from "../faults/trace.ts";
import { type Clients, clientsOf, leaseIn, refusal, seconds } from "../outside/clients.ts";
import { eventually } from "../outside/eventually.ts";
import { Server } from "../outside/server.ts";
import { hasPromtool, mustFire, promtool, type Rule, type Seen } from "./prometheus.ts";
import { scrape } from "./scrape.ts";

vi.setConfig({ testTimeout: 90_000 });
if (!hasPromtool) console.warn("test/metrics: NOT TESTED that the alerts fire: there is no promtool (Debian: prometheus)");

const { groups } = parse(readFileSync("deploy/prometheus/alerts.yaml", "utf8")) as { groups: { rules: Rule[] }[] };
const rules = new Map(groups.flatMap((group) => group.rules.map((rule) => [rule.alert, rule])));

/** Brings about what an alert is for; what it leaves undone is seen by the next scrape. */
type Fault = (server: Server, clients: Clients) => Promise<unknown>;

/** Three leases on one environment, one after another or at once, that end by `reason`. */
async function ending(server: Server, reason: string, ask: () => Promise<unknown>): Promise<void> {
  for (let time = 0; time < 3; time++) await ask();
  await eventually(async () => ((await scrape(server)).value("callme_lease_ended_total", { environment: "uat", reason }) ?? 0) >= 3);
}

const FAULTS: Record<string, Fault> = {
  "CallMeDown: the server is gone": (server) => server.kill9(),

  "CallMeNotReady: the store's file is deleted": lose,
  "CallMeStoreFails: the store's file is deleted": lose,

  "CallMeFails: what is stored of a pool contradicts itself": async (server, { locks }) => {
    await locks.acquire({ environment: "uat" });
    await server.stop();
    using database = open(path.join(server.directory, "call-me.db"));
    database.exec("DELETE FROM environments");
    database.close();
    await server.restart();
    expect(await refusal(clientsOf(server).locks.acquire({ environment: "uat" }))).toBe("internal POOL_BROKEN");
  },

  "CallMeSlowDisk: each fsync takes a second": async (server, { locks }) => {
    await using _ = await meddleWithSyncs(server.pid, "delay_enter=1000000");
    for (let time = 0; time < 3; time++) await locks.acquire({ environment: `slow-${time}` });
  },

  "CallMeStandsStill: the process is stopped for two seconds": async (server, { locks }) => {
    server.signal("SIGSTOP");
    const since = performance.now();
    await eventually(() => performance.now() - since > 2_000);
    server.signal("SIGCONT");
    await locks.acquire({ environment: "uat" });
  },

  "CallMeLineWaitsLong: somebody has waited for two hours": async (server, { locks }) => {
    const hours = { ticketTtl: seconds(36_000), ttl: seconds(36_000), maxHold: seconds(360_000) };
    await locks.acquire({ environment: "uat", ...hours });
    await locks.acquire({ environment: "uat", requestId: "next", ...hours });
    await server.stop();
    await server.restart({ NODE_OPTIONS: "--import=data:text/javascript,const{now}=Date;Date.now=()=>now()+7200000" });
  },

  "CallMeQuarantined: two in a row fail on an environment": async (_, { locks, environments }) => {
    await environments.applyEnvironments({ environments: [{ name: "uat", quarantineAfter: 2 }] });
    for (let time = 0; time < 2; time++)
      await locks.release({ leaseId: leaseIn(await locks.acquire({ environment: "uat" })).id, outcome: Outcome.FAILED });
  },

  "CallMeMaintenance: an environment is given back as broken, and nobody mends it": async (_, { locks }) => {
    await locks.release({ leaseId: leaseIn(await locks.acquire({ environment: "uat" })).id, outcome: Outcome.BROKEN, note: "no disk" });
  },

  "CallMeDirty: nobody cleans": async (_, { locks, environments }) => {
    await environments.applyEnvironments({ environments: [{ name: "uat", cleaning: { required: true } }] });
    await locks.release({ leaseId: leaseIn(await locks.acquire({ environment: "uat" })).id });
  },

  "CallMeHoldersDie: three holders do not renew": (server, { locks, environments }) =>
    ending(server, "EXPIRED", async () => {
      await environments.applyEnvironments({ environments: [{ name: "uat", capacity: 3 }] });
      await locks.acquire({ environment: "uat", ttl: seconds(1) });
    }),

  "CallMeWaitersDie: three who wait vanish": async (server, { locks }) => {
    await locks.acquire({ environment: "uat" });
    await ending(server, "ABANDONED", () => locks.acquire({ environment: "uat", ticketTtl: seconds(1) }));
  },

  "CallMeForced: a lease is ended by force": async (_, { locks, environments }) => {
    await environments.forceRelease({ leaseId: leaseIn(await locks.acquire({ environment: "uat" })).id, reason: "we need it" });
  },

  "CallMeLimitNear: there are 801 pools": (_, { environments }) =>
    environments.applyEnvironments({ pools: Array.from({ length: 801 }, (__, n) => ({ name: `pool-${n}`, maxQueue: 5 })) }),

  "CallMeWrongKeys: a key is tried that opens nothing": async (server) => {
    for (let time = 0; time < 12; time++) await fetch(`${server.url}/maybe?environment=uat`, { headers: { "x-api-key": "wrong" } });
  },
};

async function lose(server: Server, { locks }: Clients): Promise<void> {
  rmSync(path.join(server.directory, "call-me.db"));
  expect(await refusal(locks.acquire({ environment: "next" }))).toBe("unavailable STORAGE_LOST");
}

function open(file: string): Database.Database & Disposable {
  const database = new Database(file);
  return Object.assign(database, { [Symbol.dispose]: () => void database.close() });
}

test("there is a fault for every alert", () => {
  const faulty = new Set(Object.keys(FAULTS).map((name) => name.split(":")[0]));
  expect(faulty).toEqual(new Set(rules.keys()));
});

test.skipIf(!hasPromtool)("promtool finds nothing wrong with the alerts, nor with what a server tells", async () => {
  promtool(["check", "rules", "deploy/prometheus/alerts.yaml"]);
  await using server = await Server.start();
  await fetch(`${server.url}/maybe?environment=${encodeURIComponent('an "odd"\\\nname')}`, {
    method: "POST",
    headers: { "x-api-key": server.key },
  });
  const ours = (await scrape(server)).text.split("\n").filter((line) => !/^(# (HELP|TYPE) )?nodejs_/.test(line));
  promtool(["check", "metrics"], ours.join("\n"));
});

test.skipIf(!hasPromtool).each(Object.entries(FAULTS))("%s", async (name, fault) => {
  const [alert = ""] = name.split(":");
  if (alert === "CallMeSlowDisk" && !canTrace) return console.warn(`test/metrics: NOT TESTED, as strace is missing: ${name}`);
  await using server = await Server.start();
  const clients = clientsOf(server);
  await clients.environments.applyEnvironments({ environments: [{ name: "uat" }] });
  const before = await scrape(server);
  await fault(server, clients);
  const after: Seen = alert === "CallMeDown" ? "down" : await scrape(server);
  mustFire(rules.get(alert) ?? { alert, expr: "" }, before, after);
});
