// The testee of test/clients: does what stdin says, with nothing but this client.
import { createInterface } from "node:readline";
import { inspect } from "node:util";
import {
  CancelRequested,
  Client,
  Code,
  ConnectError,
  EndReason,
  type HeldLease,
  type HoldOptions,
  IfBusy,
  LeaseLost,
  NotAcquired,
  reasonOf,
  Supersede,
  type Ticket,
  type Wanted,
} from "./src/index.ts";

type Passed =
  | "ttl"
  | "maxHold"
  | "wait"
  | "queueTimeout"
  | "ticketTtl"
  | "claimTimeout"
  | "requestId"
  | "pool"
  | "autoClaim"
  | "supersedeKey";

interface Order {
  readonly id: number;
  readonly do: "hold" | "detach" | "pickUp" | "tell" | "finish" | "fail" | "cancel" | "release";
  readonly environments?: string[];
  readonly selectors?: { selector: string; count?: number; slots?: number }[];
  readonly options?: Pick<HoldOptions, Passed> & {
    fail?: boolean;
    slots?: number;
    stubborn?: boolean;
    run?: string[];
    notBefore?: string;
    notAfter?: string;
    supersede?: keyof typeof Supersede;
    holder?: string;
  };
  readonly block?: string;
  readonly leaseId?: string;
  readonly leaseToken?: string;
  readonly ticket?: Ticket;
  readonly facts?: Record<string, string>;
  readonly atRelease?: boolean;
}

/** A hold that is under way. */
interface Hold {
  readonly cancellation: AbortController;
  /** How long the body blocks before it returns, in ms. */
  readonly verdict: PromiseWithResolvers<number>;
  lease?: HeldLease;
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
  if (error instanceof CancelRequested) {
    const { by, reason, deadline = new Date(0) } = error;
    return { outcome: "cancel_requested", by: by?.holder?.name, why: reason, deadline: Math.floor(deadline.getTime() / 1_000) };
  }
  if (error instanceof NotAcquired) {
    const { lease, endReason, reason, holders, message } = error;
    return { outcome: "not_acquired", endReason: nameOf(endReason), reason, holders, note: lease?.endNote || message };
  }
  if (hold?.cancellation.signal.aborted && error === hold.cancellation.signal.reason) return { outcome: "cancelled" };
  if (!(error instanceof ConnectError)) return { outcome: `${error}` };
  const code = (Code[error.code] ?? "").replace(/(?<=[a-z])[A-Z]/g, (letter) => `_${letter}`).toLowerCase();
  return { outcome: code, reason: reasonOf(error), why: error.message };
}

function wanted({ environments = [], selectors = [], options: { slots } = {} }: Order): Wanted[] {
  return [...environments.map((environment) => (slots === undefined ? environment : { environment, slots })), ...selectors];
}

/** What the client is told, but for what only the testee knows. */
function asked({
  id,
  options: { fail, slots, stubborn, run, notBefore, notAfter, supersede, holder, ...options } = {},
}: Order): HoldOptions {
  return {
    ...options,
    ...(supersede !== undefined && { supersede: Supersede[supersede] }),
    ...(holder !== undefined && { holder: { name: holder } }),
    ...(fail && { ifBusy: IfBusy.FAIL }),
    ...(notBefore !== undefined && { notBefore: new Date(notBefore) }),
    ...(notAfter !== undefined && { notAfter: new Date(notAfter) }),
    onWaiting: ({ position }) => say(id, "waiting", { position }),
  };
}

async function hold(order: Order): Promise<void> {
  const { id, ticket, options: { stubborn, run } = {} } = order;
  const under: Hold = { cancellation: new AbortController(), verdict: Promise.withResolvers() };
  holds.set(id, under);
  const { signal } = under.cancellation;
  const all = asked(order);
  const body = async (lease: HeldLease, signal: AbortSignal) => {
    under.lease = lease;
    signal.addEventListener("abort", () => {
      say(id, "cancelled");
      if (!stubborn && run === undefined) under.verdict.reject(signal.reason);
    });
    sayHeld(id, lease);
    await (run === undefined ? under.verdict.promise.then(block) : lease.run(run, { stdio: "ignore" }));
  };
  try {
    if (ticket === undefined) await client.hold(wanted(order), { ...all, signal }, body);
    else await client.pickUp(ticket, { ...(all.onWaiting && { onWaiting: all.onWaiting }), signal }, body);
    say(id, "ended", { outcome: "ok" });
  } catch (error) {
    say(id, "ended", outcomeOf(error, under));
  }
}

function sayHeld(id: number, lease: HeldLease): void {
  const environments = lease.environments.map(({ name, variables, slots, secretVariables }) => ({
    name,
    variables,
    slots: slots.map(({ index, variables }) => ({ index, variables })),
    secretVariables,
  }));
  const printed = [inspect(lease, { depth: 9 }), `${lease}`, JSON.stringify(lease), inspect(lease.environments)].join("\n");
  say(id, "held", { leaseId: lease.id, leaseToken: lease.token, fencingToken: `${lease.fencingToken}`, environments, printed });
}

async function detach(order: Order): Promise<void> {
  try {
    say(order.id, "detached", { ticket: await client.detach(wanted(order), asked(order)) });
  } catch (error) {
    say(order.id, "ended", outcomeOf(error));
  }
}

async function tell({ id, facts = {}, atRelease }: Order, lease: HeldLease | undefined): Promise<void> {
  try {
    if (atRelease) lease?.tellAtRelease(facts);
    else await lease?.tell(facts);
    say(id, "told", { outcome: "ok" });
  } catch (error) {
    say(id, "told", outcomeOf(error));
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

async function release({ id, leaseId = "", leaseToken = "", facts }: Order): Promise<void> {
  try {
    await new Client({ key: "" }).release(leaseId, leaseToken, facts);
    say(id, "released", { outcome: "ok" });
  } catch (error) {
    say(id, "released", outcomeOf(error));
  }
}

for await (const line of createInterface(process.stdin)) {
  const order = JSON.parse(line) as Order;
  const under = holds.get(order.id);
  if (order.do === "hold" || order.do === "pickUp") void hold(order);
  else if (order.do === "detach") void detach(order);
  else if (order.do === "tell") void tell(order, under?.lease);
  else if (order.do === "release") void release(order);
  else if (order.do === "finish") under?.verdict.resolve(milliseconds(order.block ?? "0ms"));
  else if (order.do === "fail") under?.verdict.reject(new BodyFailed("body failed"));
  else under?.cancellation.abort();
}
process.exit();
