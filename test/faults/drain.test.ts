import { connect } from "node:net";
import { expect, test, vi } from "vitest";
import { LeaseState, WatchKind } from "../../gen/ts/callme/v1/types_pb.ts";
import { clientsOf, fenceOf, leaseIn, refusal, seconds } from "../outside/clients.ts";
import { eventually } from "../outside/eventually.ts";
import { Server } from "../outside/server.ts";
import { endAtWork, stopped } from "./crash.ts";

// Each starts servers, and other tests run beside it.
vi.setConfig({ testTimeout: 60_000 });

test("a server that is stopped at work ends with 0 and loses nothing", async () => {
  await endAtWork(stopped, 2, 24, Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31)));
});

test("SIGTERM answers who waits, ends watches, and after the next start leases live and places are kept", async () => {
  await using server = await Server.start();
  const { locks } = clientsOf(server, "gRPC");
  const holder = leaseIn(await locks.acquire({ environment: "uat", requestId: "holder" }));
  const waiters = ["a", "b", "c"];
  const waits: Promise<string>[] = [];
  for (const [place, name] of waiters.entries()) {
    const wait = { environment: "uat", requestId: name, wait: seconds(60) };
    waits.push(
      locks.acquire(wait).then(
        (answer) => `${leaseIn(answer).position}`,
        () => "refused",
      ),
    );
    await eventually(async () => (await locks.check({ environment: "uat" })).environments[0]?.queueLength === place + 1);
  }
  const watch = locks.watchEnvironment({ environment: "uat" })[Symbol.asyncIterator]();
  expect(await watch.next()).toMatchObject({ value: { kind: WatchKind.SNAPSHOT } });
  const end = refusal(watch.next());
  expect(await server.stop()).toBe(0);
  expect(await Promise.all(waits)).toEqual(["1", "2", "3"]);
  expect(await end).toMatch(/^unavailable/);

  await server.restart();
  const again = await Promise.all(["holder", ...waiters].map((requestId) => locks.acquire({ environment: "uat", requestId })));
  expect(again.map((answer) => leaseIn(answer).position)).toEqual([0, 1, 2, 3]);
  expect(leaseIn(await locks.renew({ leaseId: holder.id }))).toMatchObject({ state: LeaseState.HELD, environments: holder.environments });
  expect(fenceOf(holder)).toBe(fenceOf(leaseIn(await locks.getLease({ leaseId: holder.id }))));
});

test("a second SIGTERM ends at once a server that still waits for a caller", async () => {
  await using server = await Server.start();
  const caller = connect(server.port, "127.0.0.1");
  caller.on("error", () => undefined);
  caller.write("POST /callme.v1.LockService/Acquire HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n");
  caller.write(`X-Api-Key: ${server.key}\r\n\r\n{`);
  // It has been read: what was sent after it is answered.
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  const exited = server.exited();
  server.signal("SIGTERM");
  await eventually(() => server.log.some(({ msg }) => msg.startsWith("stopping")));
  const impatience = setInterval(() => server.signal("SIGTERM"), 100);
  // By itself it would end with 0, when it has cut the caller off.
  expect(await exited.finally(() => clearInterval(impatience))).toBe(1);
  caller.destroy();
});
