// What a server of the later contract answers: in every answer a field, in every enum a value, and a choice that we don't know.
import type { DescMethod, JsonObject } from "@bufbuild/protobuf";
import type { ConnectRouter, HandlerContext } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { openDoor } from "../rpc/doors.ts";
import { laterValue, newerMessage, newerService } from "./newer.ts";

export const ID = "11111111-2222-3333-4444-555555555555";
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

/** The answers by method; of a stream, its messages, after which it stays open. An Acquire of `gone` ends for a reason that we don't know. */
const ANSWERS: Readonly<Record<string, (environment: string) => readonly JsonObject[]>> = {
  Acquire: (name) => [{ lease: name === "gone" ? ended : leased, leaseToken: TOKEN, environmentCreated: true, laterNote }],
  Check: () => [{ available: false, environments: [status], laterNote }],
  Release: () => [{ lease: ended, laterNote }],
  Renew: () => [{ lease: leased, laterNote }],
  GetLease: () => [{ lease: leased, laterNote }],
  CheckFence: () => [{ valid: true, current: FENCE, laterNote }],
  WatchEnvironment: () => [
    { revision: "7", kind: "WATCH_KIND_SNAPSHOT", environments: [status], laterNote },
    { revision: "8", kind: laterValue("WatchKind"), laterNote },
    { revision: "9", kind: "WATCH_KIND_CHANGE", environments: [{ ...status, used: 2 }], cause, laterNote },
  ],
  WatchLease: () => [
    { lease: leased, kind: "WATCH_KIND_SNAPSHOT", laterNote },
    { lease: leased, kind: laterValue("WatchKind"), laterNote },
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

/** Starts it; it stops when the test ends. */
export async function laterServer(): Promise<{ readonly url: string; readonly key: string; readonly port: number }> {
  const door = await openDoor(connectNodeAdapter({ routes }));
  return { url: door.url, key: "", port: door.port };
}

function routes(router: ConnectRouter): void {
  for (const service of [newerService("LockService"), newerService("EnvironmentService")])
    for (const method of service.methods) router.rpc(method as never, implementation(method) as never);
}

function implementation(method: DescMethod) {
  const answers = (request: object) => {
    const name = "environment" in request ? String(request.environment) : "";
    const known = ANSWERS[method.name];
    if (known === undefined) throw new Error(`the later server has no answer to ${method.name}`);
    return known(name).map((answer) => newerMessage(method.output, answer));
  };
  if (method.methodKind === "unary") return (request: object) => answers(request)[0];
  return async function* (request: object, { signal }: HandlerContext) {
    yield* answers(request);
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
  };
}
