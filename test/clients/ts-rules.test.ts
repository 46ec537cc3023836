/** What the rules of clients/README.md say about answers that a real server gives too rarely. */
import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { expect, test } from "vitest";
import { Client, type ClientOptions, IfBusy, LeaseLost, NotAcquired } from "../../clients/ts/src/index.ts";
import { EndReason, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { failure } from "../../src/rpc/errors.ts";
import { gone, lease, refusal, ScriptedServer } from "../cli/scripted.ts";
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

test.each(["LIMIT_REACHED", "OVERLOADED"] as const)("what the server refuses with %s for now is asked again", async (reason) => {
  const { scripted, tries, client } = await failing(failure(reason, "not now"));
  await using _ = scripted;
  expect(await client.hold("uat", () => "done")).toBe("done");
  expect(tries).toHaveLength(2);
});

test.each([
  [Code.ResourceExhausted, undefined],
  [Code.ResourceExhausted, "TOO_LARGE"],
  [Code.Unknown, "WHATEVER"],
  [Code.Internal, "INTERNAL"],
  [Code.InvalidArgument, "BAD_FIELD"],
  [Code.Unauthenticated, undefined],
  [Code.AlreadyExists, "IDEMPOTENCY_MISMATCH"],
])("code %i with the reason %s is a verdict", async (code, reason) => {
  const { scripted, tries, client } = await failing(reason ? refusal(code, reason, "no") : new ConnectError("no", code));
  await using _ = scripted;
  await expect(client.hold("uat", () => "done")).rejects.toMatchObject({ code });
  expect(tries).toHaveLength(1);
});

test.each([
  [Code.Aborted, "ENVIRONMENT_BUSY"],
  [Code.FailedPrecondition, "UNSATISFIABLE"],
  [Code.ResourceExhausted, "QUEUE_FULL"],
  [Code.ResourceExhausted, "QUOTA_REACHED"],
  [Code.Unavailable, "ENVIRONMENT_BUSY"],
  [Code.Internal, "UNSATISFIABLE"],
])("code %i with the reason %s is final: not acquired, without a lease, and who is there", async (code, reason) => {
  const { scripted, tries, client } = await failing(refusal(code, reason, "uat is busy", { holders: "checkout #7" }));
  await using _ = scripted;
  const error = await client.hold("uat", { ifBusy: IfBusy.FAIL }, () => "done").catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(NotAcquired);
  expect(error).toMatchObject({ lease: undefined, reason, holders: "checkout #7", message: "not acquired: uat is busy" });
  expect(tries).toHaveLength(1);
});

test("a wait goes with FAIL alone, and is no longer than a call may stand in line", async () => {
  const client = new Client({ url: "http://127.0.0.1:1", key: "" });
  await expect(client.hold("uat", { wait: "30s" })).rejects.toThrow(/wait goes with ifBusy: IfBusy.FAIL.*queueTimeout/);
  await expect(client.hold("uat", { ifBusy: IfBusy.FAIL, wait: "2m" })).rejects.toThrow(/wait: "2m" is more than 60s/);
});

test("who waits watches by the lease's token, whatever key it has", async () => {
  const keys: (string | null)[] = [];
  await using server = await new ScriptedServer({
    locks: {
      acquire: () => ({ lease: lease(LeaseState.QUEUED), leaseToken: "cml_L1_x" }),
      async *watchLease(_, { requestHeader, signal }) {
        keys.push(requestHeader.get("x-api-key"));
        yield { lease: HELD };
        await gone(signal);
      },
      renew: () => ({ lease: HELD }),
      release: () => ({}),
    },
  }).start();
  await new Client({ url: server.url, key: "crj" }).hold("uat", () => {});
  expect(new Set(keys)).toEqual(new Set(["cml_L1_x"]));
});

test("an Acquire is given 5 s to be answered", async () => {
  const { scripted, tries, client } = await failing(refusal(Code.Unavailable, "DRAINING", "stopping"));
  await using _ = scripted;
  await client.hold("uat", () => {});
  for (const timeout of tries) {
    expect(timeout).toBeLessThanOrEqual(5_000);
    expect(timeout).toBeGreaterThan(4_000);
  }
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

/** A client whose `method` is followed by `then`: called as soon as its answer or error has reached the client. */
function followed(url: string, method: string, then: () => void): Client {
  const following: Interceptor = (next) => (request) => {
    const answer = next(request);
    if (request.method.name === method) answer.catch(() => {}).finally(then);
    return answer;
  };
  const transport: ClientOptions["transport"] = ({ interceptors, ...options }) =>
    createConnectTransport({ ...options, httpVersion: "1.1", interceptors: [...interceptors, following] });
  return new Client({ url, key: "", transport });
}

test("a hold that is cancelled between two tries throws the signal's reason", async () => {
  const { scripted } = await failing(refusal(Code.Unavailable, "DRAINING", "stopping"));
  await using _ = scripted;
  const cancelling = new AbortController();
  // By then the first pause has begun.
  const client = followed(scripted.url, "Acquire", () => setImmediate(() => cancelling.abort("enough")));
  await expect(client.hold("uat", { signal: cancelling.signal })).rejects.toBe("enough");
});

test("a hold that is cancelled as its first Renew is answered begins nothing", async () => {
  const { scripted } = await failing(refusal(Code.Unavailable, "DRAINING", "stopping"));
  await using _ = scripted;
  const cancelling = new AbortController();
  let begun = false;
  const client = followed(scripted.url, "Renew", () => cancelling.abort("enough"));
  const hold = client.hold("uat", { signal: cancelling.signal }, () => {
    begun = true;
  });
  await expect(hold).rejects.toBe("enough");
  expect(begun).toBe(false);
});

test("what ends the waiting gives the place up, with the lease's token", async () => {
  const released: (string | null)[] = [];
  await using server = await new ScriptedServer({
    locks: {
      acquire: () => ({ lease: lease(LeaseState.QUEUED), leaseToken: "cml_L1_x" }),
      // biome-ignore lint/correctness/useYield: it is a stream, and refused.
      async *watchLease() {
        throw refusal(Code.PermissionDenied, "NOT_YOURS", "no");
      },
      release: ({ leaseId }, { requestHeader }) => {
        released.push(leaseId, requestHeader.get("x-api-key"));
        return {};
      },
    },
  }).start();
  await expect(new Client({ url: server.url, key: "crj" }).hold("uat")).rejects.toMatchObject({ code: Code.PermissionDenied });
  expect(released).toEqual(["L1", "cml_L1_x"]);
});

test("a body that blocks everything until its time is over ends lost", async () => {
  const short = lease(LeaseState.HELD, { ttl: seconds(1), ttlRemaining: seconds(1) });
  await using server = await new ScriptedServer({
    locks: { acquire: () => ({ lease: short, leaseToken: "cml_L1_x" }), renew: () => ({ lease: short }), release: () => ({}) },
  }).start();
  const client = new Client({ url: server.url, key: "" });
  const block = () => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000);
  await expect(client.hold("uat", block)).rejects.toBeInstanceOf(LeaseLost);
  const blocked = async () => {
    await using _ = await client.hold("uat");
    block();
  };
  await expect(blocked()).rejects.toBeInstanceOf(LeaseLost);
});

test("a body's error that came from the loss makes no circle of causes", async () => {
  const short = lease(LeaseState.HELD, { ttl: seconds(1), ttlRemaining: seconds(1) });
  let renewed = false;
  await using server = await new ScriptedServer({
    locks: {
      acquire: () => ({ lease: short, leaseToken: "cml_L1_x" }),
      renew: () => {
        if (renewed) throw refusal(Code.Unavailable, "DRAINING", "stopping");
        renewed = true;
        return { lease: short };
      },
      release: () => ({}),
    },
  }).start();
  const body = async (_: unknown, signal: AbortSignal) => {
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    throw new Error("stopped", { cause: signal.reason });
  };
  const error = await new Client({ url: server.url, key: "" }).hold("uat", body).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(LeaseLost);
  expect((error as LeaseLost).cause).toBeUndefined();
});
