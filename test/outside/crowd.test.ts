// 1,000 waiters on one environment: exact order, one that vanished is passed over, one that reconnects in time keeps its place.
import { expect, test } from "vitest";
import { EndReason, type Lease, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { type Clients, clientsOf, leaseIn, seconds, tokenOf } from "./clients.ts";
import { Server } from "./server.ts";

const CROWD = Number(process.env["CROWD"] ?? 1_000);
const environment = "uat";

/** Does `work` for each of 0…count-1, `wide` at a time. */
async function spread(count: number, wide: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async () => {
    for (let index = next++; index < count; index = next++) await work(index);
  };
  await Promise.all(Array.from({ length: wide }, lane));
}

test(`${CROWD} waiters are served in exact order of their arrival`, async () => {
  await using server = await Server.start();
  // Several sessions, as one carries 1,000 streams at most.
  const sessions = Array.from({ length: 4 }, () => clientsOf(server, "gRPC").locks);
  const locksOf = (index: number): Clients["locks"] => sessions[index % sessions.length] ?? clientsOf(server).locks;
  const { id: leaseId } = leaseIn(await locksOf(0).acquire({ environment }));
  const line: Lease[] = [];
  const [vanished, returning] = [Math.floor(CROWD / 3), Math.floor(CROWD / 2)];
  await spread(CROWD, 50, async (index) => {
    const ticketTtl = seconds(index === vanished ? 1 : 600);
    line[index] = leaseIn(await locksOf(index).acquire({ environment, requestId: `waiter ${index}`, ticketTtl }));
  });
  const served: string[] = [];
  /** Waits by an open call, as clients do, and gives back as soon as it has it. */
  const attend = async (lease: Lease, index: number) => {
    const locks = locksOf(index);
    const mine = leaseIn(await locks.getLease({ leaseId: lease.id, wait: seconds(60) }, { headers: { "x-api-key": tokenOf(lease) } }));
    if (mine.state === LeaseState.HELD) served.push(mine.id);
    await locks.release({ leaseId: lease.id });
    return mine;
  };
  const back = line[returning] as Lease;
  const leaving = new AbortController();
  const stream = locksOf(0)
    .watchLease({ leaseId: back.id }, { signal: leaving.signal, headers: { "x-api-key": tokenOf(back) } })
    [Symbol.asyncIterator]();
  await stream.next();
  leaving.abort();
  const others = Promise.all(line.map((lease, index) => (index === vanished || index === returning ? undefined : attend(lease, index))));
  const gone = line[vanished] as Lease;
  for await (const { environments, cause } of locksOf(0).watchEnvironment({ environment, sinceRevision: gone.revision })) {
    if (cause?.leaseId === gone.id && cause.endReason === EndReason.ABANDONED) break;
    expect(environments[0]?.holders.map((holder) => holder.leaseId)).toEqual([leaseId]);
  }
  // A lease's first revision is its place in the order of arrival.
  const arrived = [...line].sort((a, b) => Number(a.revision - b.revision)).map(({ id }) => id);
  const expected = arrived.filter((id) => id !== gone.id);
  const again = leaseIn(await locksOf(1).acquire({ environment, requestId: `waiter ${returning}`, ticketTtl: seconds(600) }));
  expect(again).toMatchObject({ id: back.id, position: expected.indexOf(back.id) + 1 });
  await locksOf(0).release({ leaseId });
  await Promise.all([others, attend(back, returning)]);
  expect(served).toEqual(expected);
  expect((await locksOf(0).check({ environment })).environments).toMatchObject([{ used: 0, queueLength: 0, available: true }]);
}, 60_000);
