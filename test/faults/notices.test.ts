// Notices while the disk is full: nothing that was committed is lost, and nobody is told of it twice under two ids.
import { statSync } from "node:fs";
import path from "node:path";
import { expect, test, vi } from "vitest";
import { accept, ruleFor } from "../notices/receiver.ts";
import { receiving, serving } from "../notices/stage.ts";
import { clientsOf, leaseIn, refusal } from "../outside/clients.ts";
import { eventually } from "../outside/eventually.ts";
import { fill } from "../store/disk.ts";
import { smallDisk } from "../store/places.ts";

vi.setConfig({ testTimeout: 90_000 });

test("what is committed while the disk is full is told when there is room again, and what waited arrives meanwhile", async (context) => {
  const disk = smallDisk("8m");
  if (disk === undefined) {
    console.warn("test/faults: notices on a full disk were NOT TESTED: this user may not mount a small one");
    return context.skip();
  }
  const receiver = await receiving();
  receiver.answer = (answer) => void answer.writeHead(503).end();
  const file = path.join(disk, "call-me.db");
  const rules = `rules:\n${ruleFor(receiver.url, ", kinds: [granted, forced, queued_long], queued_for: 1s")}`;
  const { server } = await serving(rules, { CALL_ME_STORE: `sqlite:${file}` });
  await eventually(() => (statSync(`${file}-reserve`, { throwIfNoEntry: false })?.size ?? 0) > 0);
  const { locks, environments } = clientsOf(server, "gRPC");
  const lease = leaseIn(await locks.acquire({ environment: "uat" }));
  await eventually(() => receiver.deliveries.length > 0);
  const free = fill(disk);
  await eventually(async () =>
    (await refusal(locks.acquire({ environment: "other" }).then(() => locks.acquire({ environment: "x" })))).includes("STORAGE_FULL"),
  );
  await environments.forceRelease({ leaseId: lease.id, reason: "in the way" });
  receiver.answer = accept;
  await eventually(() => receiver.types.includes("lease.granted"));
  free();
  await eventually(() => receiver.types.includes("lease.forced"), 60_000);
  const of = receiver.told.filter(({ data }) => data.lease_id === lease.id).map(({ type }) => type);
  expect(of).toEqual(["lease.granted", "lease.forced"]);
  await server.stop();
  await server.restart();
  const count = receiver.deliveries.length;
  const next = leaseIn(await locks.acquire({ environment: "next" }));
  await eventually(() => receiver.told.some(({ data }) => data.lease_id === next.id));
  expect(receiver.deliveries.slice(count).filter(({ body }) => body.includes(lease.id))).toEqual([]);
});
