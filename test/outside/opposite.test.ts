// Who wants two environments in one order and who wants them in the other: nobody may get stuck. FOR_SECONDS=10 for the long run.
import { expect, test } from "vitest";
import { LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { clientsOf, leaseIn, seconds } from "./clients.ts";
import { Server } from "./server.ts";

const SECONDS = Number(process.env["FOR_SECONDS"] ?? 2);

test(
  `50 clients take pairs of three environments in all orders for ${SECONDS} s: everybody is served, and all is free at the end`,
  async () => {
    await using server = await Server.start();
    const { locks } = clientsOf(server, "gRPC");
    const pairs = ["ab", "ba", "bc", "cb", "ac", "ca"].map((pair) => [...pair].map((environment) => ({ environment })));
    const inUse = new Set<string>();
    const served = Array.from({ length: 50 }, () => 0);
    const time = AbortSignal.timeout(SECONDS * 1_000);
    const work = async (client: number): Promise<void> => {
      for (let turn = 0; !time.aborted; turn++) {
        const needs = pairs[(client + turn) % pairs.length] ?? [];
        const lease = leaseIn(await locks.acquire({ needs, wait: seconds(60) }));
        expect(lease.state).toBe(LeaseState.HELD);
        for (const { environment } of needs) {
          expect(inUse).not.toContain(environment);
          inUse.add(environment);
        }
        for (const { environment } of needs) inUse.delete(environment);
        await locks.release({ leaseId: lease.id });
        served[client] = (served[client] ?? 0) + 1;
      }
    };
    await Promise.all(served.map((_, client) => work(client)));
    expect(Math.min(...served)).toBeGreaterThan(0);
    const { environments } = await locks.check({ pool: "default" });
    expect(environments.map(({ used, queueLength, available }) => [used, queueLength, available])).toEqual([
      [0, 0, true],
      [0, 0, true],
      [0, 0, true],
    ]);
  },
  (SECONDS + 30) * 1_000,
);
