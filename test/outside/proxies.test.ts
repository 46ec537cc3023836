// Which proxies a server trusts; what that means for a request is in test/rpc/peer.test.ts.
import { expect, test } from "vitest";
import { Server } from "./server.ts";

test.each(["proxy.example.com", "10.0.0.0/33", "0.0.0.0/0", "::/0", "10.0.0.0/8 fd00::/8", "::ffff:10.0.0.1", "10.0.0/8", "*"])(
  "CALL_ME_TRUSTED_PROXIES=%s is refused, and named",
  async (item) => {
    const started = Server.start({ CALL_ME_TRUSTED_PROXIES: `127.0.0.1,${item}` });
    await expect(started).rejects.toThrow(`ended with 78 before it was ready:\ncall-me serve: CALL_ME_TRUSTED_PROXIES has "${item}"; give`);
  },
);

test("a list of addresses and networks is taken", async () => {
  await using server = await Server.start({ CALL_ME_TRUSTED_PROXIES: "127.0.0.1, 10.0.0.0/8,2001:db8::1,fd00::/8," });
  expect(server.complaints).toEqual([]);
});
