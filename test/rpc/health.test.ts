import { once } from "node:events";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { type Client, type ClientReadableStream, type ServiceError, status } from "@grpc/grpc-js";
import { describe, expect, test } from "vitest";
import { Health } from "../../gen/ts/grpc/health/v1/health_pb.ts";
import { healthService } from "../../src/rpc/connect/health.ts";
import { openDoor } from "./doors.ts";
import { stockClient } from "./stock.ts";

interface Answer {
  status: string;
}
type Call<T> = (request: object, done: (error: ServiceError | null, answer: T) => void) => void;
interface HealthClient extends Client {
  Check: Call<Answer>;
  List: Call<{ statuses: Record<string, Answer> }>;
  Watch(request: object): ClientReadableStream<Answer>;
}

/** A server whose state the test sets, and a client; `watchers`: how many wait for a change. */
async function health() {
  let serving = true;
  const waiting = new Set<() => void>();
  const waiter = Promise.withResolvers<void>();
  const service = healthService({
    serving: () => serving,
    changed: (signal) =>
      new Promise((resolve, reject) => {
        waiting.add(resolve);
        signal.addEventListener("abort", () => {
          waiting.delete(resolve);
          reject(new Error("aborted"));
          if (waiting.size === 0) waiter.resolve();
        });
      }),
  });
  const set = (value: boolean) => {
    serving = value;
    for (const wake of waiting) wake();
    waiting.clear();
  };
  const door = await openDoor(connectNodeAdapter({ routes: (router) => void router.service(Health, service) }));
  const client = stockClient(door.port, "grpc/health/v1/health.proto", "grpc.health.v1.Health") as HealthClient;
  return { client, set, forgotten: waiter.promise };
}

/** One unary call; the error is an answer too. */
function call<T>(method: (done: (error: ServiceError | null, answer: T) => void) => void): Promise<T | ServiceError> {
  return new Promise((resolve) => method((error, answer) => resolve(error ?? answer)));
}

describe("health", () => {
  test.each(["", "callme.v1.LockService", "callme.v1.EnvironmentService", "callme.v1.InsightService", "callme.v1.AccessService"])(
    "Check tells the status of %j",
    async (service) => {
      const { client, set } = await health();
      expect(await call((done) => client.Check({ service }, done))).toEqual({ status: "SERVING" });
      set(false);
      expect(await call((done) => client.Check({ service }, done))).toEqual({ status: "NOT_SERVING" });
    },
  );

  test("Check of an unknown service is not found, and names the known ones", async () => {
    const { client } = await health();
    const error = await call((done) => client.Check({ service: "nobody" }, done));
    expect(error).toMatchObject({ code: status.NOT_FOUND, details: expect.stringContaining("callme.v1.LockService") });
  });

  test("List tells all of them", async () => {
    const { client } = await health();
    const all = { "": { status: "SERVING" } };
    expect(await call((done) => client.List({}, done))).toMatchObject({ statuses: all });
  });

  test("Watch tells each change once, and forgets a client that leaves", async () => {
    const { client, set, forgotten } = await health();
    const stream = client.Watch({ service: "callme.v1.LockService" });
    stream.on("error", () => undefined);
    expect(await once(stream, "data")).toEqual([{ status: "SERVING" }]);
    set(true);
    set(false);
    expect(await once(stream, "data")).toEqual([{ status: "NOT_SERVING" }]);
    stream.cancel();
    await forgotten;
  });

  test("Watch of an unknown service says so and stays open", async () => {
    const { client, set, forgotten } = await health();
    const stream = client.Watch({ service: "nobody" });
    stream.on("error", () => undefined);
    expect(await once(stream, "data")).toEqual([{ status: "SERVICE_UNKNOWN" }]);
    set(false);
    expect(stream.readableEnded).toBe(false);
    stream.cancel();
    await forgotten;
  });
});
