// One attempt: whatever a receiver answers, or does not, there is an outcome, and nothing is left behind.
import { once } from "node:events";
import { type AddressInfo, BlockList, createServer, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { systemResolve } from "../../src/notices/lookup.ts";
import { type Failure, judged } from "../../src/notices/outcome.ts";
import { Sender } from "../../src/notices/sender.ts";
import { eventually } from "../outside/eventually.ts";
import { WEBHOOK_KEY } from "./receiver.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A receiver that answers each request with these bytes, or as it likes, and a way to send to it. */
async function peer(answer: string | ((socket: Socket, connection: number) => void)) {
  const seen = { connections: 0, open: 0, most: 0 };
  const server = createServer((socket) => {
    const connection = ++seen.connections;
    seen.most = Math.max(seen.most, ++seen.open);
    socket.on("close", () => seen.open--).on("error", () => {});
    socket.on("data", () => (typeof answer === "string" ? socket.write(answer) : answer(socket, connection)));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const networks = new BlockList();
  networks.addSubnet("127.0.0.0", 8);
  const sender = new Sender(networks, systemResolve());
  closing.push(() => {
    sender.close();
    server.close();
  });
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`);
  const send = () => sender.send({ url, template: "json", key: WEBHOOK_KEY }, { id: "msg_1", body: "{}" });
  return { seen, sender, send };
}

test.each([
  ["another protocol", "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n", "it answered 101"],
  ["nothing of HTTP", "SSH-2.0-OpenSSH_9.9\r\n", "it could not be reached: HPE_INVALID_CONSTANT"],
])("an answer in %s is an outcome", async (_, answer, why) => {
  const { send, seen } = await peer(answer);
  expect(await send()).toMatchObject({ ok: false, why });
  await eventually(() => seen.open === 0);
});

test("a receiver that closes the connection without an answer has not got it", async () => {
  const { send } = await peer((socket) => void socket.end());
  expect(await send()).toMatchObject({ ok: false, kind: "failed" });
});

test("answers whose bodies never end leave no connection behind: 500 notices", async () => {
  const { send, seen } = await peer("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nx");
  for (let part = 0; part < 10; part++)
    for (const outcome of await Promise.all(Array.from({ length: 50 }, send))) expect(outcome).toEqual({ ok: true });
  expect(seen.connections).toBe(500);
  // Those of the part before may just be closing.
  expect(seen.most).toBeLessThanOrEqual(100);
  await eventually(() => seen.open === 0);
});

test("a kept connection that the receiver closes as it is used again is no failure of the receiver", async () => {
  let requests = 0;
  const { send, seen } = await peer((socket) => {
    if (++requests === 2) socket.destroy();
    else socket.write("HTTP/1.1 204 No Content\r\n\r\n");
  });
  expect(await send()).toEqual({ ok: true });
  expect(await send()).toEqual({ ok: true });
  expect([requests, seen.connections]).toEqual([3, 2]);
});

test("what is under way when it is closed was cut, and nothing is sent after that", async () => {
  const { send, sender, seen } = await peer(() => {});
  const sending = send();
  await eventually(() => seen.open === 1);
  sender.close();
  expect([await sending, await send()]).toMatchObject([{ kind: "cut" }, { kind: "cut" }]);
  expect(seen.connections).toBe(1);
});

test.each<[number, string | undefined, Partial<Failure> | undefined]>([
  [204, undefined, undefined],
  [400, undefined, { kind: "refused" }],
  [422, undefined, { kind: "refused" }],
  [404, undefined, { kind: "failed" }],
  [410, undefined, { kind: "failed", pause: 3_600_000 }],
  [429, "120", { kind: "failed", pause: 120_000 }],
  [503, "999999999", { kind: "failed", pause: 3_600_000 }],
  [503, "Thu, 01 Jan 1970 00:00:00 GMT", { kind: "failed", pause: 0 }],
  [503, "soon", { kind: "failed" }],
])("an answer of %d with Retry-After %j is %j", (status, retryAfter, failure) => {
  const outcome = judged(status, retryAfter);
  if (failure === undefined) expect(outcome).toEqual({ ok: true });
  else expect(outcome).toEqual({ ok: false, why: expect.stringContaining(`it answered ${status}`), ...failure });
});
