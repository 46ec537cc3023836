// 200 at once on one environment, over four protocols: exactly one gets it. ROUNDS=50 for the long run.
import { afterAll, beforeAll, expect, test } from "vitest";
import { IfBusy } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { EndReason, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { clientsOf, leaseIn } from "./clients.ts";
import { Stock } from "./grpc.ts";
import { Server } from "./server.ts";

const ROUNDS = Number(process.env["ROUNDS"] ?? 5);

let server: Server;
let stock: Stock;
beforeAll(async () => {
  server = await Server.start();
  stock = new Stock(server, "callme.v1.LockService");
});
afterAll(async () => {
  stock[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
});

test.each(Array.from({ length: ROUNDS }, (_, round) => round))("round %i: one holder", async (round) => {
  const environment = `raced-${round}`;
  const [json, web] = [clientsOf(server, "Connect, JSON, HTTP/1.1").locks, clientsOf(server, "gRPC-Web, HTTP/2").locks];
  const viaConnect = async ({ acquire }: typeof json) => {
    const lease = leaseIn(await acquire({ environment, ifBusy: IfBusy.FAIL }));
    return lease.state === LeaseState.HELD ? lease.id : lease.endReason === EndReason.REFUSED;
  };
  const ways = [
    () => viaConnect(json),
    () => viaConnect(web),
    async () => {
      const { lease } = await stock.call("Acquire", { environment, if_busy: "IF_BUSY_FAIL" });
      const { id, state, end_reason } = lease as Record<string, string>;
      return state === "LEASE_STATE_HELD" ? id : end_reason === "END_REASON_REFUSED";
    },
    async () => {
      const answer = await fetch(`${server.url}/maybe?environment=${environment}`, {
        method: "POST",
        headers: { "x-api-key": server.key },
      });
      return answer.status === 201 ? answer.headers.get("x-call-me-lease-id") : answer.status === 403;
    },
  ];
  const outcomes = await Promise.all(Array.from({ length: 200 }, (_, index) => ways[(index + round) % ways.length]?.()));
  const holders = outcomes.filter((outcome) => outcome !== true);
  expect(holders).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/)]);
  const { environments } = await json.check({ environment });
  expect(environments).toMatchObject([{ used: 1, queueLength: 0, holders: [{ leaseId: holders[0] }] }]);
});
