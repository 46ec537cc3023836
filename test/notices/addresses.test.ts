/** What nothing is sent to: addresses that are not public, however they are written, or come to stand for a name. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { BlockList } from "node:net";
import { afterEach, expect, test } from "vitest";
import { mayReach } from "../../src/notices/addresses.ts";
import { type Resolve, systemResolve } from "../../src/notices/lookup.ts";
import { Sender } from "../../src/notices/sender.ts";
import { WEBHOOK_KEY, WebhookReceiver } from "./receiver.ts";

const NONE = new BlockList();
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

function senderBy(resolve: Resolve, networks = NONE): Sender {
  const sender = new Sender(networks, resolve);
  closing.push(() => sender.close());
  return sender;
}

async function receiving(): Promise<WebhookReceiver> {
  const receiver = await WebhookReceiver.start();
  closing.push(() => receiver.close());
  return receiver;
}

function send(sender: Sender, url: string) {
  const receiver = { url: new URL(url), template: "json", key: WEBHOOK_KEY } as const;
  return sender.send(receiver, { id: "msg_1", body: "{}" });
}

test.each([
  ...[
    "127.0.0.1",
    "127.1.2.3",
    "0.0.0.0",
    "10.1.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "172.31.0.1",
    "192.168.0.1",
    "192.0.2.1",
    "198.18.0.1",
  ],
  ...[
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b::1",
    "64:ff9b::",
    "64:ff9b::1:808:808",
    "64:ff9b:1::808:808",
    "fe80::1",
  ],
  ...[
    "fe80::1%eth0",
    "fd00::1",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
    "2001::1",
    "2002:7f00:1::1",
    "3fff::1",
    "100::1",
    "5f00::1",
    "uat",
    "",
  ],
])("%j is not public", (address) => {
  expect(mayReach(address, NONE)).toBe(false);
});

test.each([
  "64:ff9b::808:808",
  "64:ff9b::8.8.8.8",
  "8.8.8.8",
  "93.184.215.14",
  "172.32.0.1",
  "100.128.0.1",
  "2606:4700::1111",
  "2a00:1450:4001::1",
])("%j is public", (address) => {
  expect(mayReach(address, NONE)).toBe(true);
});

test.each(["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"])(
  "a URL with %s calls nobody",
  async (host) => {
    const receiver = await receiving();
    const outcome = await send(senderBy(systemResolve()), receiver.url.replace("127.0.0.1", host));
    expect(outcome).toMatchObject({ ok: false, why: expect.stringContaining("is no public address") });
    expect(receiver.deliveries).toEqual([]);
  },
);

test("a name that stood for a public address before stands for a private one now: nobody is called", async () => {
  const receiver = await receiving();
  const answers = [["93.184.215.14"], ["127.0.0.1"]];
  const asked: string[] = [];
  const resolve: Resolve = async (name) => {
    asked.push(name);
    return (answers.shift() ?? ["127.0.0.1"]).map((address) => ({ address, family: 4 }));
  };
  // What rebinds has been looked up by somebody else before.
  await resolve("rebound.example");
  const outcome = await send(senderBy(resolve), receiver.url.replace("127.0.0.1", "rebound.example"));
  expect(outcome).toMatchObject({ ok: false, why: expect.stringContaining("127.0.0.1 is no public address") });
  expect([asked, receiver.deliveries]).toEqual([["rebound.example", "rebound.example"], []]);
});

test("a name that stands for a public address and a private one calls nobody", async () => {
  const receiver = await receiving();
  const both = ["93.184.215.14", "127.0.0.1"].map((address) => ({ address, family: 4 }));
  expect(
    await send(
      senderBy(async () => both),
      receiver.url.replace("127.0.0.1", "both.example"),
    ),
  ).toMatchObject({ ok: false });
  expect(receiver.deliveries).toEqual([]);
});

test("a private address may be called where the file says so, also by a name that only the system knows", async () => {
  const receiver = await receiving();
  const networks = new BlockList();
  networks.addSubnet("127.0.0.0", 8);
  networks.addAddress("::1", "ipv6");
  const sender = senderBy(systemResolve(), networks);
  expect(await send(sender, receiver.url)).toEqual({ ok: true });
  expect(await send(sender, receiver.url.replace("127.0.0.1", "localhost"))).toEqual({ ok: true });
  expect(receiver.deliveries).toHaveLength(2);
});

test("what a receiver says of itself, and its URL, is in no outcome", async () => {
  const receiver = await receiving();
  const networks = new BlockList();
  networks.addSubnet("127.0.0.0", 8);
  const sender = senderBy(systemResolve(), networks);
  const outcomes: unknown[] = [];
  for (const act of [
    () => {},
    () => {
      receiver.answer = (answer) => void answer.writeHead(503).end("very-secret");
    },
    () => {
      receiver.answer = (answer) => void answer.writeHead(302, { location: `${receiver.url}/very-secret` }).end();
    },
    () => {
      receiver.answer = (answer) => answer.destroy();
    },
    () => receiver.close(),
  ]) {
    await act();
    outcomes.push(await send(sender, `${receiver.url}?token=very-secret`));
  }
  expect(outcomes).toMatchObject([
    { ok: true },
    { why: "it answered 503" },
    { why: "it answered 302, and redirects are not followed: give the URL that it points to" },
    { why: "it could not be reached: ECONNRESET" },
    { why: "it could not be reached: ECONNREFUSED" },
  ]);
});

/** A name server that knows the IPv4 address of one name, and says nothing else to anybody. */
async function nameServer(known: string): Promise<string> {
  const server = createSocket("udp4");
  server.on("message", (query, { port }) => {
    const end = query.indexOf(0, 12) + 5;
    const labels = query.subarray(12, end - 5).toString("latin1");
    if (!labels.slice(1).startsWith(known.split(".")[0] ?? "") || query.readUInt16BE(end - 4) !== 1) return;
    const head = Buffer.from(query.subarray(0, 12));
    head.set([0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0], 2);
    const record = Buffer.from([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
    server.send(Buffer.concat([head, query.subarray(12, end), record]), port, "127.0.0.1");
  });
  server.bind(0, "127.0.0.1");
  await once(server, "listening");
  closing.push(() => new Promise<void>((resolve) => server.close(resolve)));
  return `127.0.0.1:${server.address().port}`;
}

test("a name server that is silent about IPv6, or about everything, holds up no notice for long, and nothing else in the process", async () => {
  const receiver = await receiving();
  const networks = new BlockList();
  networks.addSubnet("127.0.0.0", 8);
  const sender = senderBy(systemResolve([await nameServer("known.example")]), networks);
  expect(await send(sender, receiver.url.replace("127.0.0.1", "known.example"))).toEqual({ ok: true });
  const unknown = Array.from({ length: 8 }, (_, n) => send(sender, receiver.url.replace("127.0.0.1", `silent-${n}.example`)));
  // What needs a thread of the process gets one meanwhile.
  expect((await readFile(import.meta.filename)).length).toBeGreaterThan(0);
  for (const outcome of await Promise.all(unknown)) expect(outcome).toMatchObject({ ok: false, why: "no answer within 5 s" });
});
