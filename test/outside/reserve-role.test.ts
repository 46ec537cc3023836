// What it takes to reserve: a role of its own, for a time that is asked for and for one that is set later.
import { afterAll, beforeAll, expect, test } from "vitest";
import { Role } from "../../gen/ts/callme/v1/access_service_pb.ts";
import { ahead, type Clients, clientsOf, type Grants, keyFor, leaseIn, refusal } from "./clients.ts";
import { Server } from "./server.ts";

let server: Server;
let admin: Clients;
beforeAll(async () => {
  server = await Server.start();
  admin = clientsOf(server);
});
afterAll(() => server[Symbol.asyncDispose]());

test("RESERVE is needed to reserve for later", async () => {
  const { locks } = await keyFor(server, [{ role: Role.USE, patterns: ["*"] }]);
  const notAfter = ahead(600);
  expect(await refusal(locks.acquire({ environment: "uat", notAfter }))).toBe("permission_denied NOT_ALLOWED");
});

test("RESERVE is needed to set another end, also of one's own lease", async () => {
  const grants: Grants = [{ role: Role.USE, patterns: ["end-*"] }];
  const { locks } = await keyFor(server, grants);
  const { id: leaseId } = leaseIn(await locks.acquire({ environment: "end-1" }));
  expect(await refusal(locks.renew({ leaseId, notAfter: ahead(600) }))).toBe("permission_denied NOT_ALLOWED");
  expect(leaseIn(await locks.renew({ leaseId })).notAfter).toBeUndefined();
  const other = await keyFor(server, [{ role: Role.RESERVE, patterns: ["end-*"] }]);
  const reserved = leaseIn(await other.locks.acquire({ environment: "end-2" }));
  expect(leaseIn(await other.locks.renew({ leaseId: reserved.id, notAfter: ahead(600) })).notAfter).toBeDefined();
});

test("RESERVE is needed to set another end for what a selector has yet to find", async () => {
  const labels = { kind: "end" };
  await admin.environments.applyEnvironments({ environments: [{ name: "end-red", pool: "ends", labels }] });
  const blocking = leaseIn(await admin.locks.acquire({ environment: "end-red" }));
  const asked = { needs: [{ selector: "kind=end" }], pool: "ends", requestId: "ends" };
  const notAfter = ahead(600);
  const { locks } = await keyFor(server, [
    { role: Role.USE, patterns: ["ends:*"] },
    { role: Role.RESERVE, patterns: ["ends:end-blue"] },
  ]);
  const { id: leaseId } = leaseIn(await locks.acquire(asked));
  expect(await refusal(locks.renew({ leaseId, notAfter }))).toBe("permission_denied NOT_ALLOWED");
  const other = await keyFor(server, [{ role: Role.RESERVE, patterns: ["ends:end-*"] }]);
  const reserved = leaseIn(await other.locks.acquire(asked));
  expect(leaseIn(await other.locks.renew({ leaseId: reserved.id, notAfter })).notAfter).toBeDefined();
  await admin.locks.release({ leaseId: blocking.id });
});
