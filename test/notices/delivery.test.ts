// What somebody is told of by rules of the file of notices: by a real server, to a real receiver.
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { expect, test } from "vitest";
import { Outcome } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { EnvironmentState } from "../../gen/ts/callme/v1/types_pb.ts";
import { Authority } from "../authority.ts";
import { clientsOf } from "../outside/clients.ts";
import { eventually } from "../outside/eventually.ts";
import { accept, ruleFor, verify, WEBHOOK_KEY } from "./receiver.ts";
import { receiving, serving } from "./stage.ts";

test("what happens is told of, signed, in the order in which it happened", async () => {
  const receiver = await receiving();
  const kinds = ", kinds: [granted, queued_long, expiring_soon, expired, forced, broken, quarantined], queued_for: 1s, expires_in: 1h";
  const { server } = await serving(`rules:\n${ruleFor(receiver.url, kinds)}`);
  const { locks, environments } = clientsOf(server, "gRPC");
  const seconds = (count: number) => ({ seconds: BigInt(count), nanos: 0 });
  const asked = (environment: string, name: string) => ({ environment, holder: { name }, reason: "nightly" });
  const first = await locks.acquire({ ...asked("uat", "first"), ttl: seconds(3_600) });
  await locks.acquire({ ...asked("uat", "second"), ticketTtl: seconds(3_600), requestId: "second" });
  await eventually(() => receiver.types.includes("lease.queued_long"));
  await environments.forceRelease({ leaseId: first.lease?.id ?? "", reason: "stuck" });
  const third = await locks.acquire({ ...asked("lab", "third"), ttl: seconds(3_600) });
  await locks.release({ leaseId: third.lease?.id ?? "", outcome: Outcome.BROKEN, note: "no disk" });
  // It ends soon for two seconds.
  await locks.acquire({ ...asked("short", "fourth"), ttl: seconds(8) });
  await eventually(() => receiver.types.includes("lease.expired"));
  await environments.setEnvironmentState({ environment: "lab", state: EnvironmentState.QUARANTINED, reason: "wait for parts" });
  await eventually(() => receiver.types.includes("environment.quarantined"));
  const of = (type: string) => receiver.told.filter((one) => one.type === type).map(({ data }) => data);
  expect(of("lease.granted").map(({ environments: [name], holder }) => `${name} ${holder?.name}`)).toEqual([
    "uat first",
    "lab third",
    "short fourth",
  ]);
  expect(of("lease.queued_long")).toMatchObject([{ rule: "ops", environments: ["uat"], holder: { name: "second" }, reason: "nightly" }]);
  expect(of("lease.forced")).toMatchObject([
    { holder: { name: "first" }, reason: "stuck", by: { principal: "admin" }, end_reason: "FORCE_RELEASED" },
  ]);
  expect(of("environment.broken")).toMatchObject([{ environments: ["lab"], state: "MAINTENANCE", reason: "broken, says third: no disk" }]);
  expect(of("lease.expiring_soon")).toMatchObject([{ environments: ["short"], holder: { name: "fourth" } }]);
  expect(of("lease.expired")).toMatchObject([{ environments: ["short"] }]);
  expect(of("environment.quarantined")).toMatchObject([{ reason: "wait for parts", by: { principal: "admin" } }]);
  for (const delivery of receiver.deliveries) verify(delivery);
  expect(server.lines.join()).not.toContain(WEBHOOK_KEY.slice(6));
  // That this machine's disk stalls for seconds is no fault of the server's.
  expect(server.complaints.filter(({ msg }) => !/^time (stands still|goes on)/.test(msg))).toEqual([]);
});

test("a receiver that is away, fails, or sends elsewhere loses nothing, and holds up no other", async () => {
  const [bad, good] = [await receiving(), await receiving()];
  const rules = `rules:\n${ruleFor(bad.url, ", kinds: granted", "bad")}${ruleFor(good.url, ", kinds: granted", "good")}`;
  const { server } = await serving(rules);
  const { locks } = clientsOf(server, "gRPC");
  const names = Array.from({ length: 30 }, (_, n) => `env-${n}`);
  await bad.close();
  for (const environment of names.slice(0, 10)) await locks.acquire({ environment });
  await eventually(() => good.told.length === 10);
  bad.answer = (answer) => void answer.writeHead(302, { location: good.url.replace("/hook", "/elsewhere") }).end();
  await bad.listen();
  for (const environment of names.slice(10, 20)) await locks.acquire({ environment });
  await eventually(() => bad.deliveries.length > 0);
  bad.answer = (answer) => void answer.writeHead(500).end("x".repeat(1024 * 1024));
  for (const environment of names.slice(20)) await locks.acquire({ environment });
  const before = bad.deliveries.length;
  await eventually(() => bad.deliveries.length > before);
  await server.kill9();
  bad.answer = accept;
  await server.restart();
  await eventually(() => bad.told.length === 30);
  for (const { told } of [bad, good]) expect(told.map(({ data }) => data.environments[0])).toEqual(names);
  expect(server.complaints.filter(({ rule }) => rule === "good")).toEqual([]);
  expect(server.complaints.map(({ msg }) => msg)).toContain(
    "notices to bad do not arrive: it could not be reached: ECONNREFUSED; each is tried for a day",
  );
  expect(good.deliveries.every(({ path }) => path === "/hook")).toBe(true);
});

test("what a kill -9 leaves behind the commit and in front of the history is told after the next start", async () => {
  const receiver = await receiving();
  const { server } = await serving(`rules:\n${ruleFor(receiver.url, ", kinds: granted")}`);
  const { locks } = clientsOf(server, "gRPC");
  const names = ["a", "b"];
  for (const environment of names) {
    await locks.acquire({ environment });
    // The history follows a second later.
    await server.kill9();
    await server.restart();
  }
  await eventually(() => receiver.told.length === names.length);
  expect(receiver.told.map(({ data }) => data.environments[0])).toEqual(names);
});

test("over TLS it is the receiver's certificate that counts: an unknown CA gets nothing, until the server is told to trust it", async () => {
  const authority = new Authority();
  const told: string[] = [];
  const receiver = createServer(authority.issue({ name: "receiver", names: ["IP:127.0.0.1"] }), (request, answer) => {
    told.push(String(request.headers["webhook-id"]));
    request.resume().on("end", () => answer.writeHead(204).end());
  });
  receiver.listen(0, "127.0.0.1");
  await once(receiver, "listening");
  try {
    const url = `https://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
    const { server, file } = await serving(`rules:\n${ruleFor(url, ", kinds: granted")}`);
    const test = () => clientsOf(server, "gRPC").insight.testNotices({});
    const [refused] = (await test()).tests;
    expect(refused).toMatchObject({ delivered: false, why: expect.stringMatching(/^it could not be reached: .*(CERT|SIGN|VERIFY)/) });
    expect(told).toEqual([]);
    await server.stop();
    const ca = path.join(path.dirname(file), "ca.pem");
    await writeFile(ca, authority.cert);
    await server.restart({ NODE_EXTRA_CA_CERTS: ca });
    expect((await test()).tests).toMatchObject([{ delivered: true, why: "" }]);
    expect(told).toHaveLength(1);
  } finally {
    receiver.close();
    receiver.closeAllConnections();
  }
});
