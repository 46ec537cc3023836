// Addresses where no call-me server answers: after the 10 s of rule 3, the error says in one line what to correct.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { Server } from "../../outside/server.ts";
import type { Scenarios, World } from "../world.ts";

/** A hold, and a release, through that address: what their errors say, after the names that languages put before it. */
async function says(world: World, url: string, pattern: RegExp): Promise<void> {
  const testee = world.another({ url });
  const holding = testee.hold([world.environment]).hears("ended");
  const releasing = testee.release("44444444-2222-3333-4444-555555555555", "cml_44444444-2222-3333-4444-555555555555_secret");
  for (const { why = "" } of await Promise.all([holding, releasing])) {
    assert.match(why, pattern);
    assert.ok(why.includes(url) && why.includes("CALL_ME_URL") && !why.includes("\n"), why);
  }
}

/** A server that speaks TLS, with a certificate that nobody vouches for. */
async function overTls(play: (url: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "call-me-tls-"));
  try {
    const [cert, key] = [path.join(folder, "cert.pem"), path.join(folder, "key.pem")];
    const kind = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"];
    const subject = ["-subj", "/CN=call-me", "-addext", "subjectAltName=IP:127.0.0.1"];
    await promisify(execFile)("openssl", [...kind, ...subject, "-keyout", key, "-out", cert]);
    await using server = await Server.start({ CALL_ME_TLS_CERT: cert, CALL_ME_TLS_KEY: key });
    await play(`127.0.0.1:${server.port}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A port that was free a moment ago. */
async function closedPort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export const unheard: Scenarios = {
  "no server listens there: the error names the address, and CALL_ME_URL": async (world) => {
    await says(world, `http://127.0.0.1:${await closedPort()}`, /no answer from .* Is the server running there\? Set CALL_ME_URL/);
  },

  "https to a server of clear text: the error says so, and what to write": async (world) => {
    const clear = world.server.url.replace("http:", "https:");
    await says(world, clear, /speaks clear text: set CALL_ME_URL, .* with http:\/\/ instead of https:\/\//);
  },

  "http to a server of TLS: the error says so, and what to write": async (world) => {
    await overTls((host) => says(world, `http://${host}`, /hung up .* set CALL_ME_URL, .* with https:\/\/ instead of http:\/\//));
  },

  "a certificate that nobody vouches for: the error says so, and how to name its authority": async (world) => {
    await overTls((host) => says(world, `https://${host}`, /certificate of .* is not accepted: .* or correct CALL_ME_URL/));
  },
};
