// The recipe for plain sh before a server that demands certificates.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { Authority } from "../authority.ts";
import { finish } from "../cli/plumbing.ts";
import { Server } from "../outside/server.ts";

const RECIPE = path.resolve("integrations/plain/with-lock.sh");

test("with-lock.sh takes the server's authority and a certificate of its own from the settings of the command line", async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "call-me with spaces-"));
  const at = (name: string) => path.join(folder, name);
  const [servers, clients] = [new Authority("servers"), new Authority("clients")];
  const [own, runner] = [servers.issue({ names: ["IP:127.0.0.1"] }), clients.issue({ use: "client" })];
  const files = { ca: servers.cert, cert: own.cert, key: own.key, clients: clients.cert, runner: runner.cert, "runner-key": runner.key };
  for (const [name, pem] of Object.entries(files)) writeFileSync(at(name), pem);
  try {
    const tls = { CALL_ME_TLS_CERT: at("cert"), CALL_ME_TLS_KEY: at("key") };
    await using server = await Server.start({ ...tls, CALL_ME_TLS_CLIENT_CA: at("clients"), CALL_ME_TLS_CLIENT: "required" });
    const shown = { CALL_ME_CA: at("ca"), CALL_ME_CLIENT_CERT: at("runner"), CALL_ME_CLIENT_KEY: at("runner-key") };
    const env = { PATH: process.env["PATH"], CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key, ...shown };
    const child = spawn("sh", [RECIPE, "uat", "echo", "held"], { stdio: ["ignore", "pipe", "pipe"], env });
    expect(await finish(child)).toEqual({ code: 0, stdout: "held\n", stderr: "" });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
