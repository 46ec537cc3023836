// 200 at once on one environment, over four protocols: exactly one gets it. ROUNDS=50 for the long run.

import { Code, ConnectError } from "@connectrpc/connect";
import { type ServiceError, status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { IfBusy } from "../../gen/ts/callme/v1/lock_service_pb.ts";
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
    const answer = await acquire({ environment, ifBusy: IfBusy.FAIL }).catch((error: unknown) => ConnectError.from(error));
    return answer instanceof ConnectError ? answer.code === Code.Aborted : leaseIn(answer).id;
  };
  const ways = [
    () => viaConnect(json),
    () => viaConnect(web),
    async () => {
      const request = { environment, if_busy: "IF_BUSY_FAIL" };
      return await stock.call("Acquire", request).then(
        ({ lease }) => (lease as { id: string }).id,
        ({ code }: ServiceError) => code === status.ABORTED,
      );
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
