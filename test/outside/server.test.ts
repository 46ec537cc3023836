import { stat } from "node:fs/promises";
import { expect, test } from "vitest";
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

test("nothing of a server is left behind", async () => {
  let directory = "";
  {
    await using server = await Server.start();
    directory = server.directory;
  }
  await expect(stat(directory)).rejects.toThrow("ENOENT");
});
