// The example of a relay starts a workflow with each notice, and takes none that does not come from call-me.
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";
import { root } from "../../scripts/tools.ts";
import { clientsOf } from "../outside/clients.ts";
import { eventually } from "../outside/eventually.ts";
import { ruleFor, WEBHOOK_KEY } from "./receiver.ts";
import { receiving, serving } from "./stage.ts";

test("a grant starts a workflow; what is not signed does not", async () => {
  const github = await receiving();
  const env = {
    ...{ PORT: "0", WEBHOOK_KEY, GITHUB_TOKEN: "gh-token", WORKFLOW: "shop/web/deploy.yml" },
    GITHUB_API: new URL(github.url).origin,
  };
  const relay = spawn(process.execPath, [path.join(root, "examples/notices/relay.js")], { env, stdio: ["ignore", "pipe", "inherit"] });
  try {
    const [line] = (await once(createInterface(relay.stdout), "line")) as [string];
    const url = `http://127.0.0.1:${/\d+$/.exec(line)?.[0]}/`;
    const { server } = await serving(`rules:\n${ruleFor(url, ", kinds: granted")}`);
    const { locks, insight } = clientsOf(server, "gRPC");
    expect((await insight.testNotices({})).tests).toMatchObject([{ rule: "ops", delivered: true }]);
    const { lease } = await locks.acquire({ environment: "uat" });
    const started = await eventually(() => github.deliveries[0]);
    expect(started.path).toBe("/repos/shop/web/actions/workflows/deploy.yml/dispatches");
    expect(started.headers["authorization"]).toBe("Bearer gh-token");
    expect(JSON.parse(started.body)).toEqual({ ref: "main", inputs: { type: "lease.granted", lease_id: lease?.id, environment: "uat" } });
    const forged = await fetch(url, { method: "POST", body: JSON.stringify({ type: "lease.granted", data: { environments: ["uat"] } }) });
    expect([forged.status, github.deliveries.length]).toEqual([401, 1]);
  } finally {
    relay.kill();
  }
});
