import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { Role } from "../../gen/ts/callme/v1/access_service_pb.ts";
import { hostFor } from "../../src/config.ts";
import { clientsOf, refusal } from "./clients.ts";
import { eventually } from "./eventually.ts";
import { Server } from "./server.ts";

test("the server comes up ready, drains with exit code 0, and comes back on the same port", async () => {
  await using server = await Server.start();
  const { port } = server;
  expect(await (await fetch(`${server.url}/readyz`)).json()).toEqual({ status: "ready" });
  expect(await server.stop()).toBe(0);
  await server.restart();
  expect(server.port).toBe(port);
  await server.kill9();
  await server.restart();
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
});

test.each(["SIGUSR1", "SIGUSR2"] as const)("%s neither ends the server nor opens a debugger", async (signal) => {
  await using server = await Server.start();
  server.signal(signal);
  await eventually(() => server.log.some((line) => line.level === "warn" && line["signal"] === signal));
  expect(server.lines.join("\n")).not.toContain("Debugger");
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  expect(await server.stop()).toBe(0);
});

test("a server that cannot start says why", async () => {
  await expect(Server.start({ CALL_ME_AUTO_CREATE: "maybe" })).rejects.toThrow(/ended with 78.*\n.*CALL_ME_AUTO_CREATE is "maybe"/);
});

test("without API_KEY nobody is asked for one, and only this machine is listened to", async () => {
  await using server = await Server.start({ API_KEY: "", CALL_ME_BIND: "" });
  expect(server.log[0]).toMatchObject({ url: `http://127.0.0.1:${server.port}` });
  await eventually(() => server.lines.join("\n").includes("no API_KEY or API_KEY_FILE is set"));
  expect((await fetch(`${server.url}/maybe?environment=uat`, { method: "POST" })).status).toBe(201);
  const check = { method: "POST", headers: { "content-type": "application/json" }, body: '{"environment":"uat"}' };
  expect(await (await fetch(`${server.url}/callme.v1.LockService/Check`, check)).text()).toContain('"used":1');
  await expect(Server.start({ API_KEY: "", CALL_ME_BIND: "0.0.0.0" })).rejects.toThrow(
    /ended with 78.*\n.*CALL_ME_BIND is 0.0.0.0, and there is no key/,
  );
});

test("a stored key does what API_KEY does: one is asked for, and others than this machine may be listened to", async () => {
  await using server = await Server.start({ API_KEY: "" });
  expect(server.log[0]).toMatchObject({ keys: 0 });
  const grants = [{ role: Role.ADMIN, patterns: ["*"] }];
  const { secret } = await clientsOf(server).access.createKey({ label: "admin", grants });
  const admin = clientsOf({ url: server.url, key: secret });
  const { key: guest } = await admin.access.createKey({ label: "guest", grants });
  await admin.access.revokeKey({ id: guest?.id ?? "" });
  await server.stop();
  const before = server.log.length;
  // Loopback as well, but not by its name.
  await server.restart({ CALL_ME_BIND: "127.1" });
  expect(server.log[before]).toMatchObject({ msg: "call-me is ready", keys: 1 });
  expect((await fetch(`${server.url}/maybe?environment=uat`)).status).toBe(401);
  expect(await server.stop()).toBe(0);
  expect(server.log.slice(before).map(({ msg }) => msg)).not.toContainEqual(expect.stringContaining("no key is asked for"));
  await expect(Server.start({ API_KEY: "", CALL_ME_BIND: "127.1" })).rejects.toThrow(/CALL_ME_BIND is 127.1, and there is no key/);
  expect([true, false].map((open) => hostFor({ host: undefined }, open))).toEqual(["127.0.0.1", "0.0.0.0"]);
});

test.each(["cml_mine", "cmk_mine"])("an API_KEY that could be taken for another kind of key is refused: %s", async (key) => {
  await expect(Server.start({ API_KEY: key })).rejects.toThrow(/ended with 78.*\n.*API_KEY begins with cm\w_, .*; choose another key/);
});

test("who has lost every key gets in again by an API_KEY, and makes others", async () => {
  await using server = await Server.start({ API_KEY: "" });
  const grants = [{ role: Role.ADMIN, patterns: ["*"] }];
  await clientsOf(server).access.createKey({ label: "lost", grants });
  await server.stop();
  await server.restart({ API_KEY: "the-way-back" });
  const back = clientsOf({ url: server.url, key: "the-way-back" });
  const { keys } = await back.access.listKeys({});
  await back.access.revokeKey({ id: keys[0]?.id ?? "" });
  const { secret } = await back.access.createKey({ label: "new", grants });
  await server.stop();
  await server.restart();
  expect(await refusal(clientsOf({ url: server.url, key: "the-way-back" }).access.listKeys({}))).toBe("unauthenticated WRONG_KEY");
  expect((await clientsOf({ url: server.url, key: secret }).access.listKeys({})).keys.map(({ label }) => label)).toEqual(["lost", "new"]);
});

test("the key can lie in a file, and one that cannot be used does not open the server", async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), "call-me-key-"));
  const file = path.join(folder, "key");
  const at = { API_KEY: "", API_KEY_FILE: file };
  try {
    await expect(Server.start(at)).rejects.toThrow(/ended with 78.*\n.*API_KEY_FILE is \S+key, which cannot be read: ENOENT/);
    await writeFile(file, " \n");
    await expect(Server.start(at)).rejects.toThrow(/ended with 78.*\n.*API_KEY_FILE is \S+key, which is empty/);
    await writeFile(file, "open sesame\n");
    await expect(Server.start(at)).rejects.toThrow(/ended with 78.*\n.*the key in it has spaces/);
    await writeFile(file, "sesame\r\n");
    await expect(Server.start({ ...at, API_KEY: "other" })).rejects.toThrow(/ended with 78.*\n.*are both set; give the key once/);
    await using server = await Server.start(at);
    const status = async (key: string) => (await fetch(`${server.url}/maybe?environment=uat`, { headers: { "x-api-key": key } })).status;
    expect(await Promise.all([status("sesame"), status("another")])).toEqual([200, 401]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test("a line of the log names its level, and has its time in ISO 8601", async () => {
  await using server = await Server.start({ API_KEY: "", CALL_ME_BIND: "" });
  await eventually(() => server.log.length >= 2);
  const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  expect(server.log.slice(0, 2)).toMatchObject([
    { level: "info", time, msg: "call-me is ready" },
    { level: "warn", time },
  ]);
});

test("neither keys nor lease tokens are in its log", async () => {
  await using server = await Server.start({ CALL_ME_LOG_LEVEL: "trace" });
  const headers = { "x-api-key": server.key, "content-type": "application/json" };
  const ask = (method: string, body: string, extra = {}) =>
    fetch(`${server.url}/callme.v1.LockService/${method}`, { method: "POST", headers: { ...headers, ...extra }, body });
  const { leaseToken } = (await (await ask("Acquire", '{"environment":"uat"}')).json()) as { leaseToken: string };
  await ask("Release", '{"environment":"uat"}', { "x-api-key": leaseToken });
  await ask("Release", '{"environment":"uat"}', { "x-api-key": "a-wrong-key" });
  await server.stop();
  expect(server.lines.join("\n")).not.toMatch(new RegExp(`${server.key}|cml_|a-wrong-key`));
});

test("nothing of a server is left behind", async () => {
  let directory = "";
  {
    await using server = await Server.start();
    directory = server.directory;
  }
  await expect(stat(directory)).rejects.toThrow("ENOENT");
});
