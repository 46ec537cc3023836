import { expect, test } from "vitest";
import { clientsOf, seconds } from "../outside/clients.ts";
import { Server } from "../outside/server.ts";
import { type } from "./terminal.ts";

test("renew holds the lease in hand for longer, and tells when it has ended", async () => {
  await using server = await Server.start();
  const clients = clientsOf(server);
  const { lease: held } = await clients.locks.acquire({ environment: "renewed", ttl: seconds(60) });
  const env = { CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key, CALL_ME_LEASE_ID: held?.id ?? "" };
  const { code, stderr } = await type(["renew", "--ttl", "30m"], env);
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/on renewed is held until .* \(for (30m0s|29m59s)\)/) });
  const { stdout } = await type(["renew", "--json"], env);
  expect(JSON.parse(stdout)).toMatchObject({ lease: { id: held?.id, ttl: "1800s" } });
  await clients.locks.release({ leaseId: held?.id ?? "" });
  expect(await type(["renew"], env)).toMatchObject({ code: 6, stderr: expect.stringContaining("RELEASED") });
  expect(await type(["renew"], { CALL_ME_URL: server.url })).toMatchObject({ code: 2 });
});
