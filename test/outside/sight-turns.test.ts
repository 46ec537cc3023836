// The costliest patterns that are admitted, among many names that take the longest to compare: others are served meanwhile.
import { expect, test } from "vitest";
import { Role } from "../../gen/ts/callme/v1/access_service_pb.ts";
import { type Clients, clientsOf, keyFor } from "./clients.ts";
import { Server } from "./server.ts";

/** How many others are answered before a call is. */
async function servedBeside(server: Server, call: Promise<unknown>): Promise<number> {
  let isOver = false;
  const over = call.finally(() => {
    isOver = true;
  });
  let served = 0;
  while (!isOver) {
    await fetch(`${server.url}/healthz`).then((answer) => answer.text());
    served++;
  }
  await over;
  return served;
}

test("lists, a Check, a watch, figures and a prune by whoever has them hold up nobody else", { timeout: 60_000 }, async () => {
  await using server = await Server.start();
  const environments = Array.from({ length: 150 }, (_, nth) => ({ name: `${"a".repeat(120)}-${nth}`, labels: { kind: "x" } }));
  await clientsOf(server).environments.applyEnvironments({ environments });
  // Another key has other patterns, so that nothing is known of them yet.
  const caller = (role: Role, nth: number) => {
    const patterns = Array.from({ length: 32 }, (_, index) => `*${"a".repeat(29)}?${"a".repeat(25)}b${100 * nth + index}*`);
    return keyFor(server, [{ role, patterns }]);
  };
  const first = async ({ locks }: Clients) => {
    const stream = locks.watchEnvironment({ pool: "default" })[Symbol.asyncIterator]();
    expect((await stream.next()).value?.environments).toEqual([]);
    await stream.return?.();
  };
  const calls: readonly ((clients: Clients) => Promise<unknown>)[] = [
    ({ environments: service }) => service.listEnvironments({}),
    ({ environments: service }) => service.listLeases({}),
    ({ locks }) => locks.check({ pool: "default" }),
    ({ locks }) => locks.check({ selector: "kind=x" }),
    first,
    ({ insight }) => insight.getStats({}),
    ({ environments: service }) => service.applyEnvironments({ prune: true }),
  ];
  for (const [nth, call] of calls.entries())
    expect(await servedBeside(server, call(await caller(Role.ADMIN, nth))), `${call}`).toBeGreaterThan(5);
});
