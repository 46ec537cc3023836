// Who asks for more than one may is told so over every transport, and nobody else notices.
import { writeFile } from "node:fs/promises";
import http2 from "node:http2";
import path from "node:path";
import { ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Role } from "../../gen/ts/callme/v1/access_service_pb.ts";
import { RetryInfoSchema } from "../../gen/ts/google/rpc/error_details_pb.ts";
import { clientsOf, failureOf, leaseIn, refusal, TRANSPORTS, type TransportName, tokenOf } from "./clients.ts";
import { Server } from "./server.ts";

let server: Server;
beforeAll(async () => {
  server = await Server.start();
  await limit("{principal: {requests: {per_second: 1, at_once: 5}, streams: 2}, exempt: {principals: [admin]}}");
});
afterAll(() => server[Symbol.asyncDispose]());

/** Starts the server anew with these limits. */
async function limit(limits: string): Promise<void> {
  const file = path.join(server.directory, "access.yaml");
  await writeFile(file, `limits: ${limits}\n`);
  await server.stop();
  await server.restart({ CALL_ME_ACCESS: file });
}

async function newKey(label: string): Promise<string> {
  const grants = [{ role: Role.USE, patterns: ["*"] }];
  return (await clientsOf(server).access.createKey({ label, grants })).secret;
}

describe.each(Object.keys(TRANSPORTS) as TransportName[])("over %s", (over) => {
  test("one request too many is resource_exhausted, and says when to come back; others are served", async () => {
    const [greedy, modest] = [await newKey("greedy"), await newKey("modest")];
    const { locks } = clientsOf({ url: server.url, key: greedy }, over);
    const answers = await Promise.allSettled(Array.from({ length: 9 }, () => locks.check({ environment: "uat" })));
    const refused = answers.flatMap((answer) => (answer.status === "rejected" ? [ConnectError.from(answer.reason)] : []));
    expect(answers.length - refused.length).toBeGreaterThanOrEqual(5);
    expect(refused.length).toBeGreaterThan(0);
    for (const error of refused) {
      expect(await refusal(Promise.reject(error))).toBe("resource_exhausted RATE_LIMITED");
      expect(error.rawMessage).toMatch(/^too many requests by key:\w+; nothing was done: ask again in \d+ s$/);
      expect(Number(error.findDetails(RetryInfoSchema)[0]?.retryDelay?.seconds)).toBeGreaterThan(0);
      expect(Number(error.metadata.get("retry-after"))).toBeGreaterThan(0);
    }
    expect(await refusal(locks.watchEnvironment({ environment: "uat" })[Symbol.asyncIterator]().next())).toBe(
      "resource_exhausted RATE_LIMITED",
    );
    expect((await clientsOf({ url: server.url, key: modest }, over).locks.check({ environment: "uat" })).available).toBe(true);
  });
});

test("where no grant bounds it, a principal has so many leases at once, waiting ones included; whoever is exempt has any number", async () => {
  await limit("{principal: {leases: 2}, exempt: {principals: [admin]}}");
  const { locks } = clientsOf({ url: server.url, key: await newKey("greedy") });
  for (const environment of ["many-1", "many-1"]) await locks.acquire({ environment });
  expect(await refusal(locks.acquire({ environment: "many-2", pool: "many" }))).toBe("resource_exhausted QUOTA_REACHED");
  expect((await locks.check({ environment: "many-2" })).available).toBe(false);
  const admin = clientsOf(server);
  for (const environment of ["many-3", "many-4", "many-5"]) await admin.locks.acquire({ environment });
  expect((await admin.locks.check({ environment: "many-2" })).available).toBe(true);
  await limit("{principal: {requests: {per_second: 1, at_once: 5}, streams: 2}, exempt: {principals: [admin]}}");
});

test("an address has so many leases at once, by whichever keys; addresses that are exempt have any number", async () => {
  await limit("{address: {leases: 2}, exempt: {principals: [admin], addresses: []}}");
  const [one, other] = [
    clientsOf({ url: server.url, key: await newKey("one") }),
    clientsOf({ url: server.url, key: await newKey("other") }),
  ];
  const first = leaseIn(await one.locks.acquire({ environment: "near-1" }));
  await other.locks.acquire({ environment: "near-1" });
  for (const { locks } of [other, clientsOf(server)]) {
    const refused = locks.acquire({ environment: "near-2" });
    expect(await refusal(refused)).toBe("resource_exhausted QUOTA_REACHED");
    await expect(refused).rejects.toThrow(/all callers from 127\.0\.0\.1 may have 2 leases at once/);
    expect((await locks.check({ environment: "near-2" })).available).toBe(false);
  }
  await one.locks.release({ leaseId: first.id });
  await other.locks.acquire({ environment: "near-2" });
  await limit("{principal: {requests: {per_second: 1, at_once: 5}, streams: 2}, exempt: {principals: [admin]}}");
});

test("a lease_token goes on while its key has asked for too much", async () => {
  const key = await newKey("holder");
  const { locks } = clientsOf({ url: server.url, key });
  const lease = leaseIn(await locks.acquire({ environment: "kept" }));
  await Promise.allSettled(Array.from({ length: 20 }, () => locks.check({ environment: "uat" })));
  expect(await refusal(locks.renew({ leaseId: lease.id }))).toBe("resource_exhausted RATE_LIMITED");
  const owner = clientsOf({ url: server.url, key: tokenOf(lease) }).locks;
  for (let again = 0; again < 20; again++) await owner.renew({ leaseId: lease.id });
  await owner.release({ leaseId: lease.id });
});

test("/maybe answers 503 and /watch 429, with Retry-After", async () => {
  const key = await newKey("old");
  const ask = (path: string) => fetch(server.url + path, { headers: { "x-api-key": key } });
  for (let again = 0; again < 5; again++) await ask("/maybe?environment=uat");
  const [maybe, watch] = [await ask("/maybe?environment=uat"), await ask("/watch?environment=uat")];
  expect([maybe.status, watch.status]).toEqual([503, 429]);
  for (const answer of [maybe, watch]) expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
});

test("one stream too many is refused, and may be opened when another is closed", async () => {
  const { locks } = clientsOf({ url: server.url, key: await newKey("watcher") });
  const open = async () => {
    const leaving = new AbortController();
    const stream = locks.watchEnvironment({ environment: "uat" }, { signal: leaving.signal })[Symbol.asyncIterator]();
    await stream.next();
    return leaving;
  };
  const [first] = [await open(), await open()];
  const error = await failureOf(open());
  expect([error.code, error.rawMessage]).toEqual([8, expect.stringMatching(/^2 streams are open by key:\w+, which is all that may be/)]);
  first.abort();
  await expect
    .poll(
      () =>
        open().then(
          () => true,
          (reason) => `${reason}`,
        ),
      { timeout: 10_000, interval: 1_100 },
    )
    .toBe(true);
});

/** Watches the server's health, for which no key is asked: "told", or gRPC's status where it is refused. */
function watchHealth(session: http2.ClientHttp2Session): Promise<string> {
  const path = "/grpc.health.v1.Health/Watch";
  const stream = session.request({ ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers" });
  stream.on("error", () => {});
  stream.end(Buffer.alloc(5));
  return new Promise((resolve) => {
    stream.once("data", () => resolve("told"));
    for (const event of ["response", "trailers"])
      stream.once(event, (fields: http2.IncomingHttpHeaders) => {
        if (fields["grpc-status"] !== undefined) resolve(`${fields["grpc-status"]}`);
      });
  });
}

test("streams that no key is asked for are bounded by address, and make room when they end", async () => {
  const [one, other] = [http2.connect(server.url), http2.connect(server.url)];
  const told = await Promise.all(Array.from({ length: 1_000 }, () => watchHealth(one)));
  expect(new Set(told)).toEqual(new Set(["told"]));
  expect(await watchHealth(other)).toBe("8");
  one.destroy();
  await expect.poll(() => watchHealth(other), { timeout: 20_000 }).toBe("told");
  other.destroy();
});

test("lease_tokens of leases that have ended are all counted for the address that they come from", async () => {
  const { locks } = clientsOf(server);
  const ended = [];
  for (let nth = 0; nth < 8; nth++) {
    const lease = await locks.acquire({ environment: `over-${nth}` });
    await locks.release({ leaseId: leaseIn(lease).id });
    ended.push({ leaseId: leaseIn(lease).id, key: lease.leaseToken });
  }
  await limit("{address: {requests: {per_second: 1, at_once: 5}}, exempt: {addresses: []}}");
  const again = ended.map(({ leaseId, key }) => refusal(clientsOf({ url: server.url, key }).locks.release({ leaseId })));
  const told = (await Promise.allSettled(again)).flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  expect(new Set(told)).toEqual(new Set(["resource_exhausted RATE_LIMITED"]));
});

test("what no key is asked for is limited by address, and a wrong key is the same answer however many there were", async () => {
  const limits = "{address: {requests: {per_second: 1, at_once: 50}, failures: {per_second: 1, at_once: 3}}, exempt: {addresses: []}}";
  await limit(limits);
  const wrong = (number: number) =>
    fetch(`${server.url}/callme.v1.LockService/Check`, {
      method: "POST",
      headers: { "x-api-key": `wrong-${number}`, "content-type": "application/json" },
      body: "{}",
    });
  const answers = [];
  for (let number = 0; number < 6; number++) answers.push(await wrong(number).then(async (answer) => [answer.status, await answer.text()]));
  expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
  expect(answers[0]?.[0]).toBe(401);
  // A right key is let in by another connection from the same address.
  expect((await clientsOf(server, "gRPC").locks.check({ environment: "uat" })).available).toBe(true);
  let [status, retryAfter] = [200, ""];
  for (let again = 0; again < 100 && status === 200; again++) {
    const answer = await fetch(`${server.url}/openapi.json`);
    await answer.arrayBuffer();
    [status, retryAfter] = [answer.status, answer.headers.get("retry-after") ?? ""];
  }
  expect([status, Number(retryAfter) > 0]).toEqual([429, true]);
});

test("nothing of this was an unforeseen error", () => {
  expect(server.complaints).toEqual([]);
});
