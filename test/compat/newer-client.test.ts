// Clients of a later contract against today's server: what it does not know it ignores in binary, and refuses by name in JSON; a value
// that it does not know never becomes a default.

import type { JsonObject } from "@bufbuild/protobuf";
import { createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clientsOf, failureOf, refusal } from "../outside/clients.ts";
import { Server } from "../outside/server.ts";
import { laterValue, newerMessage, newerService } from "./newer.ts";

let server: Server;
beforeAll(async () => {
  server = await Server.start();
  await clientsOf(server).environments.applyEnvironments({ environments: [{ name: "known" }] });
});
afterAll(() => server[Symbol.asyncDispose]());

const binary = {
  gRPC: (baseUrl: string) => createGrpcTransport({ baseUrl }),
  "gRPC-Web": (baseUrl: string) => createGrpcWebTransport({ baseUrl, httpVersion: "1.1" }),
  "Connect in binary": (baseUrl: string) => createConnectTransport({ baseUrl, httpVersion: "1.1", useBinaryFormat: true }),
};
const json = (baseUrl: string) => createConnectTransport({ baseUrl, httpVersion: "1.1", useBinaryFormat: false });

/** A call of a client of the later contract, its request given as JSON. */
async function call(open: (url: string) => Transport, method: string, request: JsonObject): Promise<Record<string, unknown>> {
  const [serviceName = "", name = ""] = method.split("/");
  const service = newerService(serviceName);
  const { input, localName } = service.methods.find((one) => one.name === name) ?? {};
  if (input === undefined || localName === undefined) throw new Error(`no method ${method}`);
  const client = createClient(service, open(server.url)) as unknown as Record<
    string,
    (message: object, options: object) => Promise<unknown>
  >;
  const answer = await client[localName]?.(newerMessage(input, request), { headers: { "x-api-key": server.key } });
  return answer as Record<string, unknown>;
}

/** Each enum that a request has, at some field. */
const CHOICES: readonly [field: string, method: string, request: JsonObject][] = [
  ["if_busy", "LockService/Acquire", { environment: "untouched", ifBusy: laterValue("IfBusy") }],
  ["holder.kind", "LockService/Acquire", { environment: "untouched", holder: { kind: laterValue("HolderKind") } }],
  ["outcome", "LockService/Release", { environment: "untouched", outcome: laterValue("Outcome") }],
  ["state", "EnvironmentService/SetEnvironmentState", { environment: "known", state: laterValue("EnvironmentState") }],
  ["filter.states", "EnvironmentService/ListLeases", { filter: { states: [laterValue("LeaseState")] } }],
];

describe.each(Object.entries(binary))("over %s", (over, open) => {
  test("a field that the server does not know is ignored", async () => {
    const answer = await call(open, "LockService/Acquire", { environment: `ignored-${over.replaceAll(" ", "-")}`, laterNote: "more" });
    expect(answer).toMatchObject({ environmentCreated: true });
  });

  test.each(CHOICES)("a value of %s that the server does not know is refused, and named", async (field, method, request) => {
    const failure = await failureOf(call(open, method, request));
    expect(failure.rawMessage).toMatch(/1900 is no value that this server knows|give ENVIRONMENT_STATE_AVAILABLE/);
    expect(failure.rawMessage).toContain(field);
    expect(await refusal(call(open, method, request))).toBe("invalid_argument BAD_FIELD");
  });

  test("a method that the server does not have is unimplemented", async () => {
    expect(await refusal(call(open, "LockService/Postpone", {}))).toBe("unimplemented");
  });
});

describe("over Connect in JSON", () => {
  test("a field that the server does not know is refused by name", async () => {
    const failure = await failureOf(call(json, "LockService/Acquire", { environment: "untouched", laterNote: "more" }));
    expect(failure.rawMessage).toMatch(/"laterNote" is unknown/);
  });

  test.each(CHOICES)("so is a value of %s", async (_field, method, request) => {
    const failure = await failureOf(call(json, method, request));
    expect(failure.rawMessage).toMatch(/_LATER/);
    expect(await refusal(call(json, method, request))).toBe("invalid_argument MALFORMED");
  });

  test("a method that the server does not have is unimplemented", async () => {
    expect(await refusal(call(json, "LockService/Postpone", {}))).toBe("unimplemented");
  });
});

test("nothing of it changed anything", async () => {
  const { available } = await call(json, "LockService/Check", { environment: "untouched" });
  expect(available).toBe(true);
});
