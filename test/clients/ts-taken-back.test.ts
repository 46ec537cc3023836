/** A grant that the server took back, because it had not heard from its holder: others may have been served. */
import { expect, test } from "vitest";
import { Client, LeaseLost } from "../../clients/ts/src/index.ts";
import { EndReason, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { gone, lease, ScriptedServer } from "../cli/scripted.ts";
import { type } from "../cli/terminal.ts";
import { seconds } from "../outside/clients.ts";

/** Granted with this token. With a ttl of 1 s each Renew comes soon; what is left of it is enough for the test. */
const granted = (fencingToken: bigint) =>
  lease(LeaseState.HELD, { ttl: seconds(1), ttlRemaining: seconds(60), environments: [{ name: "uat", fencingToken }] });
const passedOver = lease(LeaseState.QUEUED, { passedOver: true, ttl: seconds(1) });

test.each([
  ["a Renew tells of another state", "renew", passedOver],
  ["a Renew tells of an offer", "renew", lease(LeaseState.OFFERED, { ttl: seconds(1) })],
  ["a Renew tells of another grant", "renew", granted(8n)],
  ["the stream tells of another state", "watch", passedOver],
  ["the stream tells of another grant", "watch", granted(8n)],
])("%s: the lease is lost, and withdrawn", async (_, by, told) => {
  const released: string[] = [];
  let renewals = 0;
  await using server = await new ScriptedServer({
    locks: {
      acquire: () => ({ lease: granted(7n), leaseToken: "cml_L1_x" }),
      renew: () => ({ lease: by === "renew" && ++renewals > 1 ? told : granted(7n) }),
      async *watchLease(_, { signal }) {
        if (by === "watch") yield { lease: told };
        await gone(signal);
      },
      release: ({ leaseId }) => {
        released.push(leaseId);
        return {};
      },
    },
  }).start();
  const body = (_: unknown, signal: AbortSignal) =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  const error = await new Client({ url: server.url, key: "" }).hold("uat", body).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(LeaseLost);
  expect(error).toMatchObject({ why: expect.stringContaining("took it back"), endReason: EndReason.UNSPECIFIED });
  expect(released).toEqual(["L1"]);
});

test("what was granted anew before the first Renew is worked on as that grant", async () => {
  await using server = await new ScriptedServer({
    locks: {
      acquire: () => ({ lease: granted(7n), leaseToken: "cml_L1_x" }),
      renew: () => ({ lease: granted(8n) }),
      async *watchLease(_, { signal }) {
        yield { lease: granted(8n) };
        await gone(signal);
      },
      release: () => ({}),
    },
  }).start();
  expect(await new Client({ url: server.url, key: "" }).hold("uat", ({ fencingToken }) => fencingToken)).toBe(8n);
});

/** A server that takes the first grant back before it hears of us, and grants anew once somebody waits by a stream. */
async function takingBack() {
  const asked: string[] = [];
  let renewals = 0;
  const server = await new ScriptedServer({
    locks: {
      acquire: ({ requestId }) => ({ lease: asked.push(requestId) === 1 ? granted(7n) : passedOver, leaseToken: "cml_L1_x" }),
      renew: () => ({ lease: ++renewals === 1 ? passedOver : granted(8n) }),
      async *watchLease(_, { signal }) {
        yield { lease: granted(8n) };
        await gone(signal);
      },
      release: () => ({}),
    },
  }).start();
  return { server, asked };
}

test("what was taken back before the first Renew is waited for again, as the same request", async () => {
  const { server, asked } = await takingBack();
  await using _ = server;
  expect(await new Client({ url: server.url, key: "" }).hold("uat", ({ fencingToken }) => fencingToken)).toBe(8n);
  expect(asked).toHaveLength(2);
  expect(new Set(asked).size).toBe(1);
});

test("exec, too, begins with the grant that counts", async () => {
  const { server, asked } = await takingBack();
  await using _ = server;
  const { code } = await type(["exec", "uat", "--ttl", "1s", "--", "sh", "-c", '[ "$CALL_ME_FENCING_TOKEN" = 8 ]'], {
    CALL_ME_URL: server.url,
  });
  expect(code).toBe(0);
  expect(asked).toHaveLength(2);
});
