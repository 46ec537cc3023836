// What a key cannot be given: each error names the field.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Role } from "../../gen/ts/callme/v1/access_service_pb.ts";
import { type Clients, clientsOf, failureOf, type Grants } from "./clients.ts";
import { Server } from "./server.ts";

let server: Server;
let admin: Clients;
beforeAll(async () => {
  server = await Server.start();
  admin = clientsOf(server);
});
afterAll(() => server[Symbol.asyncDispose]());

describe("what is no grant", () => {
  test.each<[string, Grants, string]>([
    ["none", [], "grants"],
    ["no role", [{ patterns: ["*"] }], "grants[0].role"],
    ["no pattern", [{ role: Role.VIEW }], "grants[0].patterns"],
    ["an empty pattern", [{ role: Role.VIEW, patterns: [""] }], "grants[0].patterns[0]"],
    ["half a pattern", [{ role: Role.VIEW, patterns: ["pool:"] }], "grants[0].patterns[0]"],
    ["a pattern with **", [{ role: Role.VIEW, patterns: ["a/**"] }], "grants[0].patterns[0]"],
    ["a long pattern", [{ role: Role.VIEW, patterns: ["a".repeat(65)] }], "grants[0].patterns[0]"],
    ["too many patterns", [{ role: Role.VIEW, patterns: Array.from({ length: 33 }, (_, nth) => `e-${nth}`) }], "grants"],
    ["a priority out of range", [{ role: Role.USE, patterns: ["*"], maxPriority: 11 }], "grants[0].max_priority"],
    ["no lease at all", [{ role: Role.USE, patterns: ["*"], maxLeases: 0 }], "grants[0].max_leases"],
  ])("%s", async (_, grants, field) => {
    const error = await failureOf(admin.access.createKey({ label: "x", grants }));
    expect(error.rawMessage).toMatch(new RegExp(`^${field.replace(/[[\].]/g, "\\$&")}: `));
  });
});
