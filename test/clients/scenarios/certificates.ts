// Rule 1: the authority of the server's certificate, and a certificate of one's own, by settings alone.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { Authority } from "../../authority.ts";
import { Server } from "../../outside/server.ts";
import type { Scenarios, World } from "../world.ts";

const NAME = "spiffe://ci.example.com/runner";
const RULES = `certificates:\n- {name: runners, san: {uri: "${NAME}"}, grants: {role: USE, patterns: "*"}}\n`;

/** With a server that lets nobody connect without a certificate, and the settings of who has one. */
async function demanding(
  play: (server: Server, env: Record<string, string>, at: (name: string) => string) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(path.join(os.tmpdir(), "call-me-certificates-"));
  const at = (name: string) => path.join(folder, name);
  const [servers, clients] = [new Authority("servers"), new Authority("clients")];
  const [own, runner] = [
    servers.issue({ names: ["IP:127.0.0.1"], use: "server" }),
    clients.issue({ names: [`URI:${NAME}`], use: "client" }),
  ];
  const files = { ca: servers.cert, cert: own.cert, key: own.key, clients: clients.cert, runner: runner.cert, "runner-key": runner.key };
  try {
    for (const [name, pem] of Object.entries(files)) writeFileSync(at(name), pem);
    writeFileSync(at("access.yaml"), RULES);
    await using server = await Server.start({
      ...{ CALL_ME_TLS_CERT: at("cert"), CALL_ME_TLS_KEY: at("key"), CALL_ME_ACCESS: at("access.yaml") },
      ...{ CALL_ME_TLS_CLIENT_CA: at("clients"), CALL_ME_TLS_CLIENT: "required" },
    });
    const env = { CALL_ME_CA: at("ca"), CALL_ME_CLIENT_CERT: at("runner"), CALL_ME_CLIENT_KEY: at("runner-key") };
    await play(server, env, at);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** How a hold ends that never begins. */
async function fails(world: World, url: string, env: Record<string, string>): Promise<string> {
  const hold = world.another({ url, key: "" }, env).hold(["uat"], { queueTimeout: "1s" });
  return await hold.outcome();
}

export const certificates: Scenarios = {
  "a certificate that CALL_ME_CLIENT_CERT names opens a server whose authority CALL_ME_CA names": async (world) => {
    await demanding(async ({ url }, env) => {
      const hold = world.another({ url, key: "" }, env).hold(["uat"]);
      await hold.hears("held");
      assert.equal(await hold.finish(), "ok");
    });
  },
  "without the server's authority, or a certificate, there is no connection": async (world) => {
    await demanding(async ({ url }, { CALL_ME_CA = "", ...own }) => {
      assert.notEqual(await fails(world, url, own), "ok");
      assert.notEqual(await fails(world, url, { CALL_ME_CA }), "ok");
    });
  },
};
