// Every alert fires by the fault that it is for, on a real server, and not before.
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import Database from "better-sqlite3";
import { expect, test, vi } from "vitest";
import { parse } from "yaml";
import { Outcome } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { canTrace, meddleWithSyncs } from "../faults/trace.ts";
import { noticesFile, ruleFor } from "../notices/receiver.ts";
import { receiving, serving } from "../notices/stage.ts";
import { type Clients, clientsOf, leaseIn, refusal, seconds } from "../outside/clients.ts";
import { eventually } from "../outside/eventually.ts";
import { Server } from "../outside/server.ts";
import { hasPromtool, mustFire, mustSay, promtool, type Rule, type Seen } from "./prometheus.ts";
import { Scrape, scrape } from "./scrape.ts";

vi.setConfig({ testTimeout: 90_000 });
if (!hasPromtool) console.warn("test/metrics: NOT TESTED that the alerts fire: there is no promtool (Debian: prometheus)");

const { groups } = parse(readFileSync("deploy/prometheus/alerts.yaml", "utf8")) as { groups: { rules: Rule[] }[] };
const rules = new Map(groups.flatMap((group) => group.rules.map((rule) => [rule.alert, rule])));

/** Brings about what an alert is for; what it leaves undone is seen by the next scrape. `rules`: the file of notices.
 * It may give what was told before. */
type Fault = (server: Server, clients: Clients, rules: string) => Promise<unknown>;

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

  "CallMeNoticesWait: a receiver answers with an error": async (server, { locks }, rules) => {
    const receiver = await receiving();
    receiver.answer = (answer) => void answer.writeHead(500).end();
    await notify(server, rules, receiver.url);
    await locks.acquire({ environment: "uat" });
    await grows(server, "callme_notices_oldest_seconds", { rule: "ops" });
    expect((await scrape(server)).value("callme_notices_attempts_failed_total", { rule: "ops" })).toBeGreaterThan(0);
  },

  "CallMeNoticesLost: a receiver refuses a notice": async (server, { locks }, rules) => {
    const receiver = await receiving();
    receiver.answer = (answer) => void answer.writeHead(400).end();
    const before = await notify(server, rules, receiver.url);
    await locks.acquire({ environment: "uat" });
    await eventually(async () => {
      // With its rules read again, a server does not wait until it tries once more.
      server.signal("SIGHUP");
      const now = await scrape(server);
      return now.value("callme_notices_given_up_total", { rule: "ops", why: "refused" }) === 1 && now.value("callme_notices_dead") === 1;
    });
    return before;
  },

  "CallMeHistoryBehind: its file cannot be opened": async (server, { locks }) => {
    await server.stop();
    const file = path.join(server.directory, "call-me.db-history");
    rmSync(file);
    mkdirSync(file);
    await server.restart();
    await locks.acquire({ environment: "uat" });
    await grows(server, "callme_history_behind_seconds", {});
  },

  "CallMeWrongKeys: a key is tried that opens nothing": async (server) => {
    for (let time = 0; time < 12; time++) await fetch(`${server.url}/maybe?environment=uat`, { headers: { "x-api-key": "wrong" } });
  },
};

/** Rules that tell a receiver of grants: read at once. What is told then. */
async function notify(server: Server, file: string, url: string): Promise<Scrape> {
  await noticesFile(path.dirname(file), `rules:\n${ruleFor(url, ", kinds: granted")}`);
  server.signal("SIGHUP");
  return await eventually(async () => {
    const now = await scrape(server);
    return now.value("callme_notices_waiting", { rule: "ops" }) === 0 && now;
  });
}

/** Waits until an age is one, and is more a little later. */
async function grows(server: Server, name: string, labels: Readonly<Record<string, string>>): Promise<void> {
  const age = async () => (await scrape(server)).value(name, labels) ?? 0;
  const first = await eventually(async () => (await age()) || undefined);
  await eventually(async () => (await age()) > first);
}

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

test.skipIf(!hasPromtool).each([
  ["uat", "uat (pool p)", "call-me status uat"],
  ["", "an environment of pool p", "call-me status --pool p"],
])("an alert names its environment %j, or the pool of those that are counted together", (environment, named, command) => {
  const labels = { pool: "p", job: "call-me", instance: "here", ...(environment && { environment }) };
  const series = `callme_line_oldest_seconds{pool="p",job="call-me",instance="here",environment="${environment}"}`;
  mustSay("CallMeLineWaitsLong", series, 7_200, 10, {
    exp_labels: { ...labels, severity: "warning" },
    exp_annotations: {
      summary: `the first in line for ${named} has waited for 2h 0m 0s`,
      description: `${command} says who holds it and who waits. Is it in service?`,
    },
  });
});

test.skipIf(!hasPromtool).each(Object.entries(FAULTS))("%s", async (name, fault) => {
  const [alert = ""] = name.split(":");
  if (alert === "CallMeSlowDisk" && !canTrace) return console.warn(`test/metrics: NOT TESTED, as strace is missing: ${name}`);
  const { server, file } = await serving("rules: []\n");
  const clients = clientsOf(server);
  await clients.environments.applyEnvironments({ environments: [{ name: "uat" }] });
  const quiet = await scrape(server);
  const told = await fault(server, clients, file);
  const before = told instanceof Scrape ? told : quiet;
  const after: Seen = alert === "CallMeDown" ? "down" : await scrape(server);
  mustFire(rules.get(alert) ?? { alert, expr: "" }, before, after);
});
