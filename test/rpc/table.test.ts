// The table of methods: nothing is served that has no row in it.
import { createConnectRouter } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { AccessService } from "../../gen/ts/callme/v1/access_service_pb.ts";
import { EnvironmentService } from "../../gen/ts/callme/v1/environment_service_pb.ts";
import { InsightService } from "../../gen/ts/callme/v1/insight_service_pb.ts";
import { LockService } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { routes } from "../../src/rpc/connect/router.ts";
import type { Service } from "../../src/rpc/methods/call.ts";
import { LOCK_SERVICE, METHODS } from "../../src/rpc/methods/table.ts";

const health = { serving: () => true, changed: () => Promise.resolve() };

test("each method of the services has a row, with the types of the contract", () => {
  const services = [LockService, EnvironmentService, InsightService, AccessService];
  const contract = services.flatMap(({ typeName, methods }) => methods.map(({ name }) => `/${typeName}/${name}`));
  expect([...METHODS.keys()].sort()).toEqual(contract.sort());
  for (const [path, { desc, run, guard, access }] of METHODS) {
    expect(`/${desc.parent.typeName}/${desc.name}`).toBe(path);
    expect([typeof run, typeof guard]).toEqual(["function", "function"]);
    expect(access.length, path).toBeGreaterThan(0);
  }
});

test("a method without a row does not compile", () => {
  const { check: _, ...rest } = LOCK_SERVICE;
  // @ts-expect-error: Check has no row
  const rows: typeof LOCK_SERVICE = rest;
  const { run, guard, access, size } = LOCK_SERVICE.check;
  // @ts-expect-error: a row says which role its method takes
  const roleless: (typeof LOCK_SERVICE)["check"] = { run, guard, size };
  // @ts-expect-error: and what is asked about what a request names
  const unguarded: (typeof LOCK_SERVICE)["check"] = { run, access, size };
  expect([rows, roleless, unguarded]).toHaveLength(3);
});

test("what is served without a row is health and reflection, which ask for no key", () => {
  const router = createConnectRouter();
  const service = { engine: { draining: new AbortController().signal } } as unknown as Service;
  routes(service, health, () => undefined)(router);
  const others = router.handlers.filter(({ requestPath }) => !METHODS.has(requestPath)).map(({ service }) => service.typeName);
  expect(new Set(others)).toEqual(
    new Set(["grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"]),
  );
  expect(router.handlers.map(({ requestPath }) => requestPath)).toEqual(expect.arrayContaining([...METHODS.keys()]));
});

test("a lease_token opens nothing that changes more than its lease", () => {
  const opened = [...METHODS.values()].filter(({ token }) => token !== undefined);
  for (const { access, token, desc } of opened) {
    if (token === "ENVIRONMENTS") expect(access, desc.name).toEqual(["VIEW"]);
    // Who the caller is names nothing.
    if (desc.name === "WhoAmI") continue;
    const fields = desc.input.fields.map(({ name }) => name);
    // What the gate judges by.
    expect(fields, desc.name).toContain(token === "LEASE" ? "lease_id" : "environment");
  }
});
