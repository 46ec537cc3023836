// Acquires whose connection is cut before the answer: with a request_id the retry gets the one lease, without one nothing is left held.
import { once } from "node:events";
import { type ClientHttp2Session, type ClientHttp2Stream, connect as connectHttp2, constants } from "node:http2";
import { connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EndReason, type Lease, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { type Clients, clientsOf, fenceOf, leaseIn, seconds, TRANSPORTS, type TransportName } from "./clients.ts";
import { eventually } from "./eventually.ts";
import { Server } from "./server.ts";

let server: Server;
let clients: Clients;
beforeAll(async () => {
  server = await Server.start();
  clients = clientsOf(server);
});
afterAll(() => server[Symbol.asyncDispose]());

/** An Acquire over HTTP/1.1, sent in one go. */
async function send(message: object): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port: server.port, noDelay: true });
  socket.on("error", () => undefined);
  await once(socket, "connect");
  const body = JSON.stringify(message);
  const head = ["POST /callme.v1.LockService/Acquire HTTP/1.1", "host: a", `x-api-key: ${server.key}`, "content-type: application/json"];
  socket.write(`${head.join("\r\n")}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  return socket;
}

/** A few turns of the event loop: the nearest that there is to "a moment later". */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

async function leasesOn(environment: string): Promise<readonly Lease[]> {
  const states = [LeaseState.QUEUED, LeaseState.OFFERED, LeaseState.HELD, LeaseState.ENDED];
  return (await clients.environments.listLeases({ filter: { environment, states } })).leases;
}

/** Waits until nobody is on it and nobody waits for it. */
function free(environment: string) {
  return eventually(async () => {
    const [status] = (await clients.locks.check({ environment })).environments;
    return status?.available === true && status.used === 0 && status.queueLength === 0;
  });
}

const MOMENTS = [0, 0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89];

describe("with a request_id", () => {
  test.each(MOMENTS.flatMap((moment) => [[moment, "a reset"] as const, [moment, "an end"] as const]))(
    "cut %i turns after it was sent, by %s: the retry gets the one lease",
    async (moment, how) => {
      const environment = `cut-${moment}-${how.slice(-3)}-${performance.now()}`;
      const request = { environment, requestId: environment, ttl: "600s" };
      const socket = await send(request);
      await turns(moment);
      if (how === "a reset") socket.resetAndDestroy();
      else socket.destroy();
      const retry = () => clients.locks.acquire({ environment, requestId: environment, ttl: seconds(600) });
      const [first, second] = [await retry(), await retry()];
      expect(leaseIn(first)).toMatchObject({ state: LeaseState.HELD });
      expect([second.leaseToken, leaseIn(second).id, fenceOf(leaseIn(second))]).toEqual([
        first.leaseToken,
        leaseIn(first).id,
        fenceOf(leaseIn(first)),
      ]);
      expect((await leasesOn(environment)).map(({ id }) => id)).toEqual([leaseIn(first).id]);
    },
  );

  test.each(MOMENTS)("cut while it waits, the grant %i turns apart: the retry has the same lease, held", async (moment) => {
    const environment = `waited-${moment}-${performance.now()}`;
    const { id: leaseId } = leaseIn(await clients.locks.acquire({ environment }));
    const socket = await send({ environment, requestId: environment, wait: "30s" });
    const waiter = await eventually(async () => (await leasesOn(environment)).find(({ state }) => state === LeaseState.QUEUED));
    const cut = async () => {
      await turns(moment);
      socket.resetAndDestroy();
    };
    await Promise.all([cut(), clients.locks.release({ leaseId })]);
    const retry = leaseIn(await clients.locks.acquire({ environment, requestId: environment }));
    expect(retry).toMatchObject({ id: waiter.id, state: LeaseState.HELD });
    await clients.locks.release({ leaseId: retry.id });
    await free(environment);
  });

  test("a grant that nobody heard of goes to the next when nobody comes back for it, at whatever moment its caller went", async () => {
    const vanish = async (moment: number, index: number) => {
      const environment = `lapsing-${index}`;
      const { id: leaseId } = leaseIn(await clients.locks.acquire({ environment }));
      const socket = await send({ environment, requestId: environment, claimTimeout: "1s", wait: "30s" });
      await eventually(async () => (await leasesOn(environment)).length === 2);
      const next = clients.locks.acquire({ environment, requestId: `${environment}-next`, wait: seconds(30) });
      await eventually(async () => (await leasesOn(environment)).length === 3);
      const leave = async () => {
        await turns(moment);
        socket.end();
        return /"state":"LEASE_STATE_HELD"/.test(await text(socket));
      };
      const [told] = await Promise.all([leave(), clients.locks.release({ leaseId })]);
      if (told) await clients.locks.release({ environment, requestId: environment });
      expect(leaseIn(await next)).toMatchObject({ state: LeaseState.HELD });
    };
    await Promise.all(MOMENTS.map(vanish));
  });

  test("of two calls that wait for one lease, the one that is cut takes nothing from the other", async () => {
    for (let moment = 0; moment < 60; moment++) {
      const environment = `shared-${moment}`;
      const { id: leaseId } = leaseIn(await clients.locks.acquire({ environment }));
      const stays = clients.locks.acquire({ environment, requestId: environment, wait: seconds(30) });
      await eventually(async () => (await leasesOn(environment)).length === 2);
      const socket = await send({ environment, requestId: environment, wait: "30s" });
      const leave = async () => {
        await turns(moment);
        socket.resetAndDestroy();
      };
      await Promise.all([leave(), clients.locks.release({ leaseId })]);
      expect(leaseIn(await stays).state).toBe(LeaseState.HELD);
      expect((await leasesOn(environment)).at(-1)?.state).toBe(LeaseState.HELD);
    }
  });
});

describe("without a request_id", () => {
  test("cut at once, many times: what was not answered is not left held", async () => {
    const tries = Array.from({ length: 20 }, async (_, index) => {
      const environment = `unanswered-${index}`;
      const socket = await send({ environment });
      // Half-closed: we are seen to leave, and still hear whether an answer was under way already.
      socket.end();
      const answer = await text(socket);
      const answered = /"id":"([^"]+)"/.exec(answer)?.[1];
      if (answered !== undefined) await clients.locks.release({ leaseId: answered });
      const next = leaseIn(await clients.locks.acquire({ environment, requestId: environment, wait: seconds(30) }));
      expect(next.state).toBe(LeaseState.HELD);
      const [first] = await leasesOn(environment);
      if (first?.id !== next.id) expect(first?.endReason).toBe(answered === undefined ? EndReason.WITHDRAWN : EndReason.RELEASED);
    });
    await Promise.all(tries);
  });

  test.each(MOMENTS)("cut while it waits, the grant %i turns apart: it is free in the end", async (moment) => {
    const environment = `dropped-${moment}-${performance.now()}`;
    const { id: leaseId } = leaseIn(await clients.locks.acquire({ environment }));
    const socket = await send({ environment, wait: "30s" });
    await eventually(async () => (await leasesOn(environment)).length === 2);
    const leave = async () => {
      await turns(moment);
      socket.end();
      const answered = /"id":"([^"]+)","state":"LEASE_STATE_HELD"/.exec(await text(socket))?.[1];
      if (answered !== undefined) await clients.locks.release({ leaseId: answered });
    };
    await Promise.all([leave(), clients.locks.release({ leaseId })]);
    await free(environment);
  });

  test.each(Object.keys(TRANSPORTS) as TransportName[])("cancelled over %s while it waits, it is WITHDRAWN at once", async (over) => {
    const environment = `cancelled-${over.replaceAll(/[^A-Za-z0-9]+/g, "-")}`;
    await clients.locks.acquire({ environment });
    const cancelling = new AbortController();
    const { locks } = clientsOf(server, over);
    const keeps = locks.acquire({ environment, requestId: environment, wait: seconds(30) }, { signal: cancelling.signal });
    const gives = locks.acquire({ environment, wait: seconds(30) }, { signal: cancelling.signal });
    await eventually(async () => (await leasesOn(environment)).length === 3);
    cancelling.abort();
    await Promise.allSettled([keeps, gives]);
    const withdrawn = () => leasesOn(environment).then((leases) => leases.filter(({ endReason }) => endReason === EndReason.WITHDRAWN));
    const [gone] = await eventually(async () => ((await withdrawn()).length === 1 ? await withdrawn() : undefined));
    expect(gone).toMatchObject({ requestId: "", endNote: "its caller went away" });
    expect((await leasesOn(environment)).find(({ requestId }) => requestId === environment)).toMatchObject({
      state: LeaseState.QUEUED,
      position: 1,
      queueLength: 1,
    });
  });

  test("a POST /maybe that is cut before its answer locks nothing", async () => {
    for (let count = 0; count < 10; count++) {
      const environment = `maybe-${count}`;
      const socket = connect({ host: "127.0.0.1", port: server.port });
      await once(socket, "connect");
      socket.end(`POST /maybe?environment=${environment} HTTP/1.1\r\nhost: a\r\nx-api-key: ${server.key}\r\n\r\n`);
      const answer = await text(socket);
      if (/^HTTP\/1.1 201/.test(answer)) continue;
      await free(environment);
    }
  });
});

describe("over HTTP/2", () => {
  /** How a caller goes: of these, only the first two tell the server in HTTP/2's own words. */
  const GOING: Record<string, (session: ClientHttp2Session, request: ClientHttp2Stream, socket: Socket) => void> = {
    "a cancelled stream": (_session, request) => request.close(constants.NGHTTP2_CANCEL),
    "a stream reset without error": (_session, request) => request.close(constants.NGHTTP2_NO_ERROR),
    "a destroyed session": (session) => session.destroy(),
    "a connection that ends": (_session, _request, socket) => socket.destroy(),
    "a connection that is reset": (_session, _request, socket) => socket.resetAndDestroy(),
  };

  test.each(Object.entries(GOING))("a waiting Acquire without request_id leaves the line by %s", async (how, go) => {
    const environment = how.replaceAll(" ", "-");
    const holder = leaseIn(await clients.locks.acquire({ environment }));
    const socket = connect(server.port, "127.0.0.1");
    const session = connectHttp2(server.url, { createConnection: () => socket });
    session.on("error", () => undefined);
    const headers = {
      ":method": "POST",
      ":path": "/callme.v1.LockService/Acquire",
      "x-api-key": server.key,
      "content-type": "application/json",
    };
    const request = session.request(headers).on("error", () => undefined);
    request.end(JSON.stringify({ environment, wait: "60s" }));
    const waiting = async () => (await clients.locks.check({ environment })).environments[0]?.queueLength ?? 0;
    await eventually(async () => (await waiting()) === 1);
    go(session, request, socket);
    await eventually(async () => (await waiting()) === 0);
    await clients.locks.release({ leaseId: holder.id });
    await free(environment);
    session.destroy();
  });
});
