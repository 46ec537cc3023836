// Which proxies a server trusts; what that means for a request is in test/rpc/peer.test.ts.
import { describe, expect, test } from "vitest";
import { EventKind } from "../../gen/ts/callme/v1/insight_service_pb.ts";
import { clientsOf, TRANSPORTS, type TransportName } from "./clients.ts";
import { eventually } from "./eventually.ts";
import { Server } from "./server.ts";

test.each(["proxy.example.com", "10.0.0.0/33", "10.0.0.0/8 fd00::/8", "::ffff:10.0.0.1", "10.0.0/8", "*"])(
  "CALL_ME_TRUSTED_PROXIES=%s is refused, and named",
  async (item) => {
    const started = Server.start({ CALL_ME_TRUSTED_PROXIES: `127.0.0.1,${item}` });
    await expect(started).rejects.toThrow(`ended with 78 before it was ready:\ncall-me serve: CALL_ME_TRUSTED_PROXIES has "${item}"; give`);
  },
);

test.each(["0.0.0.0/0", "::/0"])("CALL_ME_TRUSTED_PROXIES=%s is refused, as it would trust everybody", async (item) => {
  const started = Server.start({ CALL_ME_TRUSTED_PROXIES: `127.0.0.1,${item}` });
  await expect(started).rejects.toThrow(`call-me serve: CALL_ME_TRUSTED_PROXIES has "${item}", which is everybody`);
});

test("a list of addresses and networks is taken", async () => {
  await using server = await Server.start({ CALL_ME_TRUSTED_PROXIES: "127.0.0.1, 10.0.0.0/8,2001:db8::1,fd00::/8," });
  expect(server.complaints).toEqual([]);
});

describe.each(Object.keys(TRANSPORTS) as TransportName[])("over %s", (way) => {
  test.each([
    ["nobody's word is taken who is not named", "10.0.0.0/8", "127.0.0.1"],
    ["a proxy that is named says who calls", "127.0.0.1", "203.0.113.7"],
  ])("%s", async (_, CALL_ME_TRUSTED_PROXIES, address) => {
    await using server = await Server.start({ CALL_ME_TRUSTED_PROXIES });
    const headers = { "x-forwarded-for": "198.51.100.1, 203.0.113.7" };
    expect(await clientsOf(server, way).access.whoAmI({}, { headers })).toMatchObject({ principal: "admin", address });
  });
});

test("what was done by whom has the address for the history, also by /maybe", async () => {
  await using server = await Server.start({ CALL_ME_TRUSTED_PROXIES: "127.0.0.1" });
  const { insight } = clientsOf(server);
  for (const method of ["POST", "DELETE"])
    await fetch(`${server.url}/maybe?environment=uat`, { method, headers: { "x-api-key": server.key, "x-forwarded-for": "203.0.113.7" } });
  const ended = await eventually(async () =>
    (await insight.listEvents({ filter: { environment: "uat" } })).events.find(({ kind }) => kind === EventKind.RELEASED),
  );
  expect(ended.by?.address).toBe("203.0.113.7");
});
