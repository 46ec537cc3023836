/** What the rules of clients/README.md say about answers that a real server gives too rarely. */
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { Client, LeaseLost } from "../../clients/ts/src/index.ts";
import { EndReason, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { lease, refusal, ScriptedServer } from "../cli/fake.ts";
import { seconds } from "../outside/clients.ts";

const HELD = lease(LeaseState.HELD, { ttl: seconds(60), ttlRemaining: seconds(60) });

/** A server that answers the first Acquire with an error. */
async function failing(error: ConnectError) {
  const tries: number[] = [];
  const scripted = await new ScriptedServer({
    locks: {
      acquire: (_, { timeoutMs }) => {
        if (tries.push(timeoutMs() ?? Number.POSITIVE_INFINITY) === 1) throw error;
        return { lease: HELD, leaseToken: "cml_L1_x" };
      },
      renew: () => ({ lease: HELD }),
      release: () => ({}),
    },
  }).start();
  return { scripted, tries, client: new Client({ url: scripted.url, key: "" }) };
}

test.each([
  [Code.Unavailable, "DRAINING"],
  [Code.DeadlineExceeded, undefined],
  [Code.Aborted, undefined],
  [Code.Canceled, undefined],
  [Code.ResourceExhausted, "LIMIT_REACHED"],
  [Code.Unknown, undefined],
  [Code.Internal, undefined],
  [Code.DataLoss, undefined],
  [Code.InvalidArgument, undefined],
])("code %i with the reason %s is asked again", async (code, reason) => {
  const { scripted, tries, client } = await failing(reason ? refusal(code, reason, "not now") : new ConnectError("cut", code));
  await using _ = scripted;
  expect(await client.hold("uat", () => "done")).toBe("done");
  expect(tries).toHaveLength(2);
});

test.each([
  [Code.ResourceExhausted, "TOO_LARGE"],
  [Code.Unknown, "WHATEVER"],
  [Code.Internal, "INTERNAL"],
  [Code.InvalidArgument, "BAD_FIELD"],
  [Code.Unauthenticated, undefined],
])("code %i with the reason %s is a verdict", async (code, reason) => {
  const { scripted, tries, client } = await failing(reason ? refusal(code, reason, "no") : new ConnectError("no", code));
  await using _ = scripted;
  await expect(client.hold("uat", () => "done")).rejects.toMatchObject({ code });
  expect(tries).toHaveLength(1);
});

test("an Acquire is given 5 s to be answered", async () => {
  const { scripted, tries, client } = await failing(refusal(Code.Unavailable, "DRAINING", "stopping"));
  await using _ = scripted;
  await client.hold("uat", () => {});
  for (const timeout of tries) expect(timeout).toBeLessThanOrEqual(5_000);
});

test("once the lease is lost nobody insists on its release", async () => {
  let releases = 0;
  await using server = await new ScriptedServer({
    locks: {
      acquire: () => ({ lease: HELD, leaseToken: "cml_L1_x" }),
      renew: () => ({ lease: HELD }),
      async *watchLease() {
        yield { lease: lease(LeaseState.ENDED, { endReason: EndReason.FORCE_RELEASED }) };
      },
      release: () => {
        releases += 1;
        throw refusal(Code.Unavailable, "DRAINING", "stopping");
      },
    },
  }).start();
  const body = (_: unknown, signal: AbortSignal) =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  await expect(new Client({ url: server.url, key: "" }).hold("uat", body)).rejects.toBeInstanceOf(LeaseLost);
  // The pauses double from 0.1 s on: in 10 s there would be six tries at least.
  expect(releases).toBeGreaterThan(0);
  expect(releases).toBeLessThan(5);
});

test("a lost lease is renewed, if that can be, until the body has stopped: so nobody else is served meanwhile", async () => {
  const short = lease(LeaseState.HELD, { ttl: seconds(2), ttlRemaining: seconds(2) });
  const renewed = Promise.withResolvers<void>();
  let state: "begins" | "out of reach" | "lost" = "begins";
  await using server = await new ScriptedServer({
    locks: {
      acquire: () => ({ lease: short, leaseToken: "cml_L1_x" }),
      renew: () => {
        if (state === "out of reach") throw refusal(Code.Unavailable, "DRAINING", "stopping");
        if (state === "begins") state = "out of reach";
        else renewed.resolve();
        return { lease: short };
      },
      release: () => ({}),
    },
  }).start();
  const body = async (_: unknown, signal: AbortSignal) => {
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    state = "lost";
    await renewed.promise;
  };
  const hold = new Client({ url: server.url, key: "" }).hold("uat", body);
  await expect(hold).rejects.toMatchObject({ name: "LeaseLost", why: expect.stringContaining("no contact with the server (stopping)") });
});
