// What a scrape costs where there is as much as limits.ts admits.
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { get, type IncomingMessage } from "node:http";
import path from "node:path";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { limits } from "../../src/core/limits.ts";
import { Engine } from "../../src/engine/engine.ts";
import { Metrics } from "../../src/metrics/metrics.ts";
import { LocalStore } from "../../src/store/local.ts";
import { MemoryMedium } from "../../src/store/memory.ts";
import { acquireCommand } from "../core/world.ts";
import { HandTimers } from "../engine/stage.ts";
import { clientsOf } from "../outside/clients.ts";
import { eventually } from "../outside/eventually.ts";
import { Server } from "../outside/server.ts";
import { openSocket } from "../rpc/doors.ts";
import { HandClock } from "../store/fixtures.ts";
import { directory } from "../store/places.ts";
import { Scrape, scrape, sourcesOf } from "./scrape.ts";

const MANY = limits.metrics.max;
const names = Array.from({ length: MANY }, (_, n) => `environment-${n}`);

/** An engine whose environments have all been held once. */
async function used(most: number): Promise<Metrics> {
  const store = await LocalStore.open(new MemoryMedium(), () => new HandClock());
  const metrics = new Metrics(most, "1.2.3");
  const engine = await Engine.start(store, new HandTimers(), metrics);
  metrics.begin(sourcesOf(engine.views));
  await Promise.all(names.map((name, n) => engine.submit("default", acquireCommand(`lease-${n}`, name))));
  const release = (n: number) => ({ type: "release", lease: `lease-${n}`, by: { principal: "admin" }, outcome: "OK", note: "" }) as const;
  await Promise.all(names.map((_, n) => engine.submit("default", release(n))));
  return metrics;
}

/** How many turns of the event loop others have while it is made, and what it is. */
async function turnsWhile(metrics: Metrics): Promise<{ readonly turns: number; readonly pieces: readonly Buffer[] }> {
  let turns = 0;
  let over = false;
  const turn = () => {
    turns++;
    if (!over) setImmediate(turn);
  };
  setImmediate(turn);
  const pieces = await metrics.text(undefined);
  over = true;
  return { turns, pieces };
}

test("a scrape of 10,000 environments that each have series of their own lets others have their turns, and no piece of it is large", async () => {
  const metrics = await used(MANY);
  const { turns, pieces } = await turnsWhile(metrics);
  expect(turns).toBeGreaterThan(20);
  expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(256 * 1024);
  const { samples } = new Scrape(Buffer.concat(pieces).toString());
  const counted = samples.filter(({ name, labels }) => name === "callme_hold_seconds_count" && labels["environment"] !== "");
  expect(counted).toHaveLength(MANY);
  expect(counted.every(({ value }) => value === 1)).toBe(true);
});

test("beyond the bound the size of a scrape does not grow with the environments", async () => {
  const { pieces } = await turnsWhile(await used(10));
  const { samples } = new Scrape(Buffer.concat(pieces).toString());
  expect(samples.filter(({ name }) => name.startsWith("callme_hold_seconds_count"))).toHaveLength(11);
  expect(Buffer.concat(pieces).length).toBeLessThan(256 * 1024);
});

test("who asks while it is made gets the same one, and who asks later another", async () => {
  const metrics = await used(10);
  const [one, two] = await Promise.all([metrics.text(undefined), metrics.text(undefined)]);
  expect(two).toBe(one);
  expect(await metrics.text(undefined)).not.toBe(one);
});

test("it is packed where that is asked for", async () => {
  await using server = await Server.start();
  const read = async (encoding: string) => {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      get(`${server.url}/metrics`, { headers: { "x-api-key": server.key, "accept-encoding": encoding } }, resolve).once("error", reject);
    });
    return { encoding: answer.headers["content-encoding"], bytes: await buffer(answer) };
  };
  const [plain, packed] = [await read("identity, gzip;q=0"), await read("gzip")];
  expect([plain.encoding, packed.encoding]).toEqual([undefined, "gzip"]);
  expect(packed.bytes.length).toBeLessThan(plain.bytes.length / 3);
  expect(new Scrape(gunzipSync(packed.bytes).toString()).value("callme_ready")).toBe(1);
});

test.each(["", "open"])("who reads too often is refused, and that is told, with CALL_ME_METRICS=%s", async (open) => {
  const file = path.join(directory(), "access.yaml");
  await writeFile(file, "limits: {address: {requests: {per_second: 1, at_once: 5}}, exempt: {addresses: [], principals: []}}");
  await using server = await Server.start({
    ...{ CALL_ME_ACCESS: file, CALL_ME_LOG_LEVEL: "debug" },
    ...(open && { CALL_ME_METRICS: open }),
  });
  const headers = open ? {} : { "x-api-key": server.key };
  let status = 200;
  for (let again = 0; again < 50 && status === 200; again++) {
    const answer = await fetch(`${server.url}/metrics`, { headers });
    await answer.arrayBuffer();
    status = answer.status;
  }
  expect(status).toBe(429);
  await eventually(() =>
    server.log.some(({ msg, method, code }) => msg === "a call has ended" && method === "GET /metrics" && code === "429"),
  );
});

test("readers that do not read keep nothing from others, and the figures from their own address alone, no longer than they stay", async () => {
  await using server = await Server.start({ CALL_ME_METRICS_ENVIRONMENTS: `${MANY}` });
  const { environments, locks } = clientsOf(server);
  await environments.applyEnvironments({ environments: names.map((name) => ({ name })) });
  const request = `GET /metrics HTTP/1.1\r\nhost: here\r\nx-api-key: ${server.key}\r\n\r\n`;
  const stuck = async (port: number) => {
    const socket = await openSocket(port);
    socket.pause().write(request);
    return socket;
  };
  const sockets = await Promise.all([stuck(server.port), stuck(server.port)]);
  const status = async () => {
    const answer = await fetch(`${server.url}/metrics`, { headers: { "x-api-key": server.key } });
    await answer.body?.cancel();
    return answer.status;
  };
  await eventually(async () => (await status()) === 429);
  expect(await statusFrom("127.0.0.2", server)).toBe(200);
  expect((await locks.check({ environment: "environment-1" })).available).toBe(true);
  for (const socket of sockets) socket.destroy();
  await eventually(async () => (await status()) === 200);
});

/** What somebody at another address is answered. */
async function statusFrom(localAddress: string, { port, key }: Server): Promise<number | undefined> {
  const asked = get({ host: "127.0.0.1", port, path: "/metrics", localAddress, headers: { "x-api-key": key } });
  const [answer] = (await once(asked, "response")) as [IncomingMessage];
  answer.destroy();
  return answer.statusCode;
}

test("a server with 10,000 environments answers calls while several read all of its figures", async () => {
  await using server = await Server.start({ CALL_ME_METRICS_ENVIRONMENTS: `${MANY}` });
  const { environments, locks } = clientsOf(server);
  await environments.applyEnvironments({ environments: names.map((name) => ({ name })) });
  let reading = true;
  const scrapes = Promise.all(Array.from({ length: 2 }, () => scrape(server))).finally(() => {
    reading = false;
  });
  let answered = 0;
  while (reading) {
    await locks.check({ environment: "environment-1" });
    answered++;
  }
  for (const { samples } of await scrapes) expect(samples.filter(({ name }) => name === "callme_line_length")).toHaveLength(MANY);
  expect(answered).toBeGreaterThan(20);
});
