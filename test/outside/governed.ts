// A server with a file of access rules.
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { AUDIENCE, type TestIssuer } from "../access/issuer.ts";
import { Server } from "./server.ts";

/** A server that lets in by these rules whom the issuer has signed a token for; without grants of its own each may use `uat-*`. */
export async function governed(from: TestIssuer, rules: readonly object[], more: object = {}): Promise<Server> {
  const server = await Server.start();
  await server.stop();
  await rewrite(server, from, rules, more);
  await server.restart({ CALL_ME_ACCESS: fileOf(server) });
  return server;
}

/** Writes the server's file anew; SIGHUP has it read. */
export async function rewrite(server: Server, from: TestIssuer, rules: readonly object[], more: object = {}): Promise<void> {
  const all = rules.map((rule) => ({ grants: [{ role: "USE", patterns: ["uat-*"] }], ...rule }));
  const one = { provider: "github", issuer: from.url, jwks_uri: from.jwksUri, audience: AUDIENCE, rules: all, ...more };
  await writeFile(fileOf(server), JSON.stringify({ issuers: [{ ...one, audience: one.audience.replace("SERVER", server.url) }] }));
}

function fileOf(server: Server): string {
  return path.join(server.directory, "access.json");
}
