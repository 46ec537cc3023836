// The testee of test/clients: does what stdin says, with nothing but this client.
import { createInterface } from "node:readline";
import { Client, Code, ConnectError, EndReason, type HoldOptions, IfBusy, LeaseLost, NotAcquired, reasonOf } from "./src/index.ts";

interface Order {
  readonly id: number;
  readonly do: "hold" | "finish" | "fail" | "cancel" | "release";
  readonly environments?: string[];
  readonly options?: Pick<HoldOptions, "ttl" | "maxHold" | "wait" | "queueTimeout" | "ticketTtl" | "requestId"> & {
    fail?: boolean;
    slots?: number;
    stubborn?: boolean;
    run?: string[];
  };
  readonly block?: string;
  readonly leaseId?: string;
  readonly leaseToken?: string;
}

/** A hold that is under way. */
interface Hold {
  readonly cancellation: AbortController;
  /** How long the body blocks before it returns, in ms. */
  readonly verdict: PromiseWithResolvers<number>;
}

class BodyFailed extends Error {}

const client = new Client();
const holds = new Map<number, Hold>();

function say(id: number, event: string, facts: object = {}): void {
  process.stdout.write(`${JSON.stringify({ id, event, ...facts })}\n`);
}

function nameOf(reason: EndReason): string {
  return reason === EndReason.UNSPECIFIED ? "" : (Object.entries(EndReason).find(([, value]) => value === reason)?.[0] ?? `${reason}`);
}

function outcomeOf(error: unknown, hold?: Hold): object {
  if (error instanceof BodyFailed && error.message === "body failed") return { outcome: "body_failed" };
  if (error instanceof LeaseLost) {
    const cause = error.cause instanceof BodyFailed ? { cause: error.cause.message } : {};
    return { outcome: "lost", endReason: nameOf(error.endReason), why: error.why, ...cause };
  }
  if (error instanceof NotAcquired) {
    const { lease, endReason, reason, holders, message } = error;
    return { outcome: "not_acquired", endReason: nameOf(endReason), reason, holders, note: lease?.endNote ?? message };
  }
  if (hold?.cancellation.signal.aborted && error === hold.cancellation.signal.reason) return { outcome: "cancelled" };
  if (!(error instanceof ConnectError)) return { outcome: `${error}` };
  const code = (Code[error.code] ?? "").replace(/(?<=[a-z])[A-Z]/g, (letter) => `_${letter}`).toLowerCase();
  return { outcome: code, reason: reasonOf(error), why: error.message };
}

async function hold({ id, environments = [], options: { fail, slots, stubborn, run, ...options } = {} }: Order): Promise<void> {
  const under: Hold = { cancellation: new AbortController(), verdict: Promise.withResolvers() };
  holds.set(id, under);
  const wanted = environments.map((environment) => (slots === undefined ? environment : { environment, slots }));
  const all: HoldOptions = {
    ...options,
    ...(fail && { ifBusy: IfBusy.FAIL }),
    signal: under.cancellation.signal,
    onWaiting: ({ position }) => say(id, "waiting", { position }),
  };
  try {
    await client.hold(wanted, all, async (lease, signal) => {
      signal.addEventListener("abort", () => {
        say(id, "cancelled");
        if (!stubborn && run === undefined) under.verdict.reject(signal.reason);
      });
      say(id, "held", { leaseId: lease.id, leaseToken: lease.token, fencingToken: `${lease.fencingToken}` });
      await (run === undefined ? under.verdict.promise.then(block) : lease.run(run, { stdio: "ignore" }));
    });
    say(id, "ended", { outcome: "ok" });
  } catch (error) {
    say(id, "ended", outcomeOf(error, under));
  }
}

/** Nothing else runs meanwhile, timers and answers included. */
function block(length: number): void {
  if (length > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, length);
}

function milliseconds(text: string): number {
  const [, amount, unit = "ms"] = /^(\d+)(ms|s|m)$/.exec(text) ?? [];
  return Number(amount) * ({ ms: 1, s: 1_000, m: 60_000 }[unit] ?? Number.NaN);
}

async function release({ id, leaseId = "", leaseToken = "" }: Order): Promise<void> {
  try {
    await new Client({ key: "" }).release(leaseId, leaseToken);
    say(id, "released", { outcome: "ok" });
  } catch (error) {
    say(id, "released", outcomeOf(error));
  }
}

for await (const line of createInterface(process.stdin)) {
  const order = JSON.parse(line) as Order;
  const under = holds.get(order.id);
  if (order.do === "hold") void hold(order);
  else if (order.do === "release") void release(order);
  else if (order.do === "finish") under?.verdict.resolve(milliseconds(order.block ?? "0ms"));
  else if (order.do === "fail") under?.verdict.reject(new BodyFailed("body failed"));
  else under?.cancellation.abort();
}
process.exit();
