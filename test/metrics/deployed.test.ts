// The alerts and the dashboard that we ship name only what a server tells.
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { clientsOf, leaseIn } from "../outside/clients.ts";
import { Server } from "../outside/server.ts";
import { namedIn } from "./promql.ts";
import { type Scrape, scrape } from "./scrape.ts";

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string };
}

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly h: number; readonly w: number; readonly x: number; readonly y: number };
  readonly targets?: readonly { readonly expr: string }[];
}

interface Variable {
  readonly name: string;
  readonly query: string | { readonly query: string };
  readonly current: object;
}

const { groups } = parse(readFileSync("deploy/prometheus/alerts.yaml", "utf8")) as { groups: { rules: Alert[] }[] };
const alerts = groups.flatMap(({ rules }) => rules);
const dashboard = JSON.parse(readFileSync("deploy/grafana/call-me.json", "utf8")) as { panels: Panel[]; templating: { list: Variable[] } };
const { panels } = dashboard;
const variables = dashboard.templating.list;
const expressions = panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })));

/** Labels that Prometheus itself gives. */
const GIVEN = ["job", "instance"];

let server: Server;
let now: Scrape;

beforeAll(async () => {
  server = await Server.start();
  const { locks } = clientsOf(server);
  const first = leaseIn(await locks.acquire({ environment: "uat" }));
  await locks.acquire({ environment: "uat" });
  await locks.release({ leaseId: first.id });
  const stream = locks.watchEnvironment({ environment: "uat" })[Symbol.asyncIterator]();
  await stream.next();
  await scrape(server);
  now = await scrape(server);
  await stream.return?.();
});
afterAll(() => server[Symbol.asyncDispose]());

/** What an expression names and a server does not have. */
function strange(expression: string): string[] {
  return namedIn(expression).flatMap(({ name, labels }) => {
    if (name === "up") return [];
    const known = new Set([...GIVEN, ...now.all(name).flatMap((sample) => Object.keys(sample.labels))]);
    return now.names.has(name) ? labels.filter((label) => !known.has(label)).map((label) => `${name}{${label}}`) : [name];
  });
}

test("the tests see what is no series, no label or no expression", () => {
  expect(strange("rate(callme_nothing_total[5m]) / callme_ready")).toEqual(["callme_nothing_total"]);
  expect(strange('callme_slots{state="free", holder="me"}')).toEqual(["callme_slots{holder}"]);
  expect(() => strange("sum(rate(callme_ready[5m])")).toThrow("no expression");
});

describe("the alerts", () => {
  test.each(alerts)("$alert names what there is, how grave it is, and what to do", ({ expr, labels, annotations }) => {
    expect(strange(expr)).toEqual([]);
    expect(["critical", "warning", "info"]).toContain(labels.severity);
    expect(annotations.summary).not.toBe("");
    expect(annotations.description.length).toBeGreaterThan(20);
  });
});

describe("the dashboard", () => {
  test.each(expressions)("$title names what there is: $expr", ({ expr }) => {
    expect(strange(expr)).toEqual([]);
  });

  test.each(expressions)("$title shows the job and the servers that are chosen, and no others: $expr", ({ expr }) => {
    for (const { name, labels } of namedIn(expr)) expect(labels, name).toEqual(expect.arrayContaining(["job", "instance"]));
  });

  test("offers jobs, servers, pools and environments to choose from, by queries that name what there is", () => {
    expect(variables.map(({ name }) => name)).toEqual(["datasource", "job", "instance", "pool", "environment"]);
    expect(variables.find(({ name }) => name === "job")?.current).toEqual({ text: "call-me", value: "call-me" });
    for (const { query } of variables) {
      if (typeof query === "string") continue;
      const [, series = "", label = ""] = /^label_values\((.*), (\w+)\)$/.exec(query.query) ?? [];
      expect([...strange(series), ...strange(`sum by (${label}) (${series})`)]).toEqual([]);
    }
  });

  test("has panels that explain themselves, and none upon another", () => {
    const taken = new Set<string>();
    for (const { type, description = "", title, gridPos } of panels) {
      if (type !== "row") expect(description, title).not.toBe("");
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(x, title).toBeLessThan(24);
          expect(taken, title).not.toContain(`${x} ${y}`);
          taken.add(`${x} ${y}`);
        }
    }
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  });
});

test("each series of ours, and each alert, is told of in docs/metrics.md", () => {
  const documented = readFileSync("docs/metrics.md", "utf8");
  const ours = [...now.types.keys()].filter((name) => !/^(process|nodejs)_/.test(name));
  const told = new Set([...documented.matchAll(/`(\w+)(?:\{[\w,]*\})?`/g)].map(([, name]) => name));
  expect(ours.filter((name) => !told.has(name))).toEqual([]);
  expect(ours.length).toBeGreaterThan(15);
  expect(alerts.filter(({ alert }) => !documented.includes(`| ${alert} |`))).toEqual([]);
});
