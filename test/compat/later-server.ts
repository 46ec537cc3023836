// What a server of the later contract answers: in every answer a field, in every enum a value, and a choice that we don't know.
import type { DescMethod, JsonObject } from "@bufbuild/protobuf";
import type { ConnectRouter, HandlerContext } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { listen } from "../../src/rpc/http/listen.ts";
import { laterValue, newerMessage, newerService } from "./newer.ts";

export const ID = "11111111-2222-3333-4444-555555555555";
/** The leases of `line`, which waits first, and of `moved`, which ends for a reason that we don't know as soon as somebody watches it. */
export const LINE_ID = "22222222-2222-3333-4444-555555555555";
const MOVED_ID = "33333333-2222-3333-4444-555555555555";
export const TOKEN = `cml_${ID}_secret`;
export const FENCE = "1795423751192650";

const laterNote = "you cannot know this";
const holder = { name: "checkout #1", kind: laterValue("HolderKind"), runUrl: "https://ci.example/1", laterNote };
const occupant = { leaseId: ID, holder, state: laterValue("LeaseState"), since: "2026-11-24T10:00:00Z", reason: "nightly", laterNote };

const leased: JsonObject = {
  id: ID,
  state: "LEASE_STATE_HELD",
  pool: "default",
  environments: [{ name: "uat", slots: 1, slotIndexes: [0], fencingToken: FENCE, laterNote }],
  holder,
  holders: [occupant],
  createdAt: "2026-11-24T10:00:00Z",
  grantedAt: "2026-11-24T10:00:00Z",
  expiresAt: "2026-11-24T11:00:00Z",
  ttl: "3600s",
  ttlRemaining: "3599s",
  ticketTtl: "60s",
  revision: "7",
  movedLater: { name: "to another rack" },
  laterNote,
};
const ended: JsonObject = { ...leased, state: "LEASE_STATE_ENDED", endReason: laterValue("EndReason"), endNote: "moved away" };
const queued: JsonObject = { ...leased, state: "LEASE_STATE_QUEUED", position: 1, queueLength: 1, grantedAt: null, expiresAt: null };
const status = {
  name: "uat",
  pool: "default",
  state: laterValue("EnvironmentState"),
  stateReason: "being moved",
  capacity: 2,
  used: 1,
  holders: [occupant],
  laterNote,
};
const environment = {
  name: "uat",
  pool: "default",
  state: laterValue("EnvironmentState"),
  capacity: 2,
  labels: { os: "linux" },
  laterNote,
};
const cause = { leaseId: ID, state: laterValue("LeaseState"), endReason: laterValue("EndReason"), holder, laterNote };

/** What an Acquire of these is told; of others, that it is held. That of `gone` ends for a reason that we don't know. */
const ACQUIRED: Readonly<Record<string, JsonObject>> = {
  gone: ended,
  line: { ...queued, id: LINE_ID },
  moved: { ...leased, id: MOVED_ID },
};
/** What the stream of these leases tells; of others, that they are held. */
const WATCHED: Readonly<Record<string, readonly JsonObject[]>> = {
  [LINE_ID]: [queued, { ...queued, state: laterValue("LeaseState") }, leased],
  [MOVED_ID]: [leased, ended],
};

/** What a request is about. */
interface Asked {
  readonly environment?: string;
  readonly needs?: readonly { readonly environment: string }[];
  readonly leaseId?: string;
}

/** The answers by method; of a stream, its messages, after which it stays open. */
const ANSWERS: Readonly<Record<string, (asked: Asked) => readonly JsonObject[]>> = {
  Acquire: ({ environment, needs }) => [
    { lease: ACQUIRED[environment || (needs?.[0]?.environment ?? "")] ?? leased, leaseToken: TOKEN, environmentCreated: true, laterNote },
  ],
  Check: () => [{ available: false, environments: [status], laterNote }],
  Release: ({ leaseId = ID }) => [{ lease: { ...ended, id: leaseId }, laterNote }],
  Renew: ({ leaseId = ID }) => [{ lease: { ...leased, id: leaseId }, laterNote }],
  GetLease: () => [{ lease: leased, laterNote }],
  CheckFence: () => [{ valid: true, current: FENCE, laterNote }],
  WatchEnvironment: () => [
    { revision: "7", kind: "WATCH_KIND_SNAPSHOT", environments: [status], laterNote },
    { revision: "8", kind: laterValue("WatchKind"), laterNote },
    { revision: "9", kind: "WATCH_KIND_CHANGE", environments: [{ ...status, used: 2 }], cause, laterNote },
  ],
  WatchLease: ({ leaseId = ID }) => [
    { kind: laterValue("WatchKind"), laterNote },
    ...(WATCHED[leaseId] ?? [leased, leased]).map((lease) => ({
      lease: { ...lease, id: leaseId },
      kind: laterValue("WatchKind"),
      laterNote,
    })),
  ],
  ListEnvironments: () => [{ environments: [environment], laterNote }],
  GetEnvironment: () => [{ environment, status, laterNote }],
  ApplyEnvironments: () => [{ changes: [{ name: "uat", pool: "default", kind: laterValue("ChangeKind"), laterNote }], laterNote }],
  DeleteEnvironment: () => [{ environment, laterNote }],
  SetEnvironmentState: () => [{ environment, laterNote }],
  ForceRelease: () => [{ lease: ended, laterNote }],
  ListLeases: () => [{ leases: [leased], laterNote }],
  Postpone: () => [{ lease: leased, laterNote }],
};

/** A running one; who has it disposes of it. */
export interface LaterServer extends AsyncDisposable {
  readonly url: string;
  readonly key: string;
  readonly port: number;
}

/** Starts it on a free port. */
export async function startLater(): Promise<LaterServer> {
  const log = { warn: () => undefined, debug: () => undefined };
  const door = await listen({ host: "127.0.0.1", port: 0, handle: connectNodeAdapter({ routes: routesOf(new Set()) }), log });
  return { url: `http://127.0.0.1:${door.port}`, key: "", port: door.port, [Symbol.asyncDispose]: () => door.drain(0) };
}

/** `begun`: leases that a Renew has shown to be held; a stream that opens after it does not tell of the waiting again. */
function routesOf(begun: Set<string>): (router: ConnectRouter) => void {
  return (router) => {
    for (const service of [newerService("LockService"), newerService("EnvironmentService")])
      for (const method of service.methods) router.rpc(method as never, implementation(method, begun) as never);
  };
}

function implementation(method: DescMethod, begun: Set<string>) {
  const answers = (request: Asked) => {
    const known = ANSWERS[method.name];
    if (known === undefined) throw new Error(`the later server has no answer to ${method.name}`);
    if (method.name === "Renew") begun.add(request.leaseId ?? "");
    const told = known(request).map((answer) => newerMessage(method.output, answer));
    return method.name === "WatchLease" && request.leaseId === LINE_ID && begun.has(LINE_ID) ? told.slice(-1) : told;
  };
  if (method.methodKind === "unary") return (request: Asked) => answers(request)[0];
  return async function* (request: Asked, { signal }: HandlerContext) {
    yield* answers(request);
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
  };
}
