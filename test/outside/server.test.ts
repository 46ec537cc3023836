import { stat } from "node:fs/promises";
import { expect, test } from "vitest";
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

test("a server that cannot start says why", async () => {
  await expect(Server.start({ CALL_ME_AUTO_CREATE: "maybe" })).rejects.toThrow(/ended with 78.*\n.*CALL_ME_AUTO_CREATE is "maybe"/);
});

test("without API_KEY nobody is asked for one, and only this machine is listened to", async () => {
  await using server = await Server.start({ API_KEY: "", CALL_ME_BIND: "" });
  expect(server.log[0]).toMatchObject({ url: `http://127.0.0.1:${server.port}` });
  await eventually(() => server.lines.join("\n").includes("no API_KEY is set"));
  expect((await fetch(`${server.url}/maybe?environment=uat`, { method: "POST" })).status).toBe(201);
  const check = { method: "POST", headers: { "content-type": "application/json" }, body: '{"environment":"uat"}' };
  expect(await (await fetch(`${server.url}/callme.v1.LockService/Check`, check)).text()).toContain('"used":1');
  await expect(Server.start({ API_KEY: "", CALL_ME_BIND: "0.0.0.0" })).rejects.toThrow(
    /ended with 78.*\n.*CALL_ME_BIND is 0.0.0.0, and there is no key/,
  );
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
