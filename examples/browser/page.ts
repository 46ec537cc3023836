// A page that watches an environment, takes it and gives it back: over Connect or gRPC-Web, with the generated client and connect-web.
import { type Client, ConnectError, createClient, type Interceptor } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-web";
import { IfBusy, LockService, type WatchEnvironmentResponse } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { EndReasonSchema, type Lease, LeaseState, LeaseStateSchema } from "../../gen/ts/callme/v1/types_pb.ts";
import { ErrorInfoSchema } from "../../gen/ts/google/rpc/error_details_pb.ts";

/** How long to wait before a broken watch is opened again, in ms. */
const PAUSE = 1_000;

let held: Lease | undefined;
let watching = new AbortController();

on("watch", () => void watch());
on("acquire", acquire);
on("release", release);

async function acquire(): Promise<void> {
  // The same id again, after a lost answer, would give the same lease.
  const requestId = crypto.randomUUID();
  const { lease } = await client().acquire({
    environment: value("environment"),
    requestId,
    // Nobody keeps a place in line for a page: if it is busy, the error says who has it.
    ifBusy: IfBusy.FAIL,
    ttl: { seconds: 300n },
    reason: "the browser's example",
  });
  show(lease);
}

async function release(): Promise<void> {
  if (held !== undefined) show((await client().release({ leaseId: held.id })).lease);
}

/** Follows the environment until another watch begins. A stream that breaks is resumed where it was. */
async function watch(): Promise<void> {
  watching.abort();
  watching = new AbortController();
  const { signal } = watching;
  element("events").replaceChildren();
  let sinceRevision = 0n;
  while (!signal.aborted) {
    try {
      for await (const message of client().watchEnvironment({ environment: value("environment"), sinceRevision }, { signal })) {
        sinceRevision = message.revision;
        tell(message);
      }
    } catch (error) {
      if (!signal.aborted) fail(error);
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
}

function client(): Client<typeof LockService> {
  const authenticate: Interceptor = (next) => (request) => {
    if (value("key") !== "") request.header.set("x-api-key", value("key"));
    return next(request);
  };
  const options = { baseUrl: value("server"), interceptors: [authenticate] };
  return createClient(LockService, value("protocol") === "Connect" ? createConnectTransport(options) : createGrpcWebTransport(options));
}

function show(lease: Lease | undefined): void {
  const live = lease !== undefined && lease.state !== LeaseState.ENDED;
  held = live ? lease : undefined;
  (element("release") as HTMLButtonElement).disabled = !live;
  if (lease === undefined) return;
  // A newer server may have values of which this page does not know the name.
  const state = LeaseStateSchema.value[lease.state]?.localName ?? lease.state;
  const reason = live ? "" : (EndReasonSchema.value[lease.endReason]?.localName ?? lease.endReason);
  element("lease").textContent = `${lease.id} ${state} ${reason}`;
}

/** Names and reasons are other people's words: they go in as text, never as HTML. */
function tell({ environments }: WatchEnvironmentResponse): void {
  for (const { name, available, used, capacity, holders } of environments) {
    const item = document.createElement("li");
    const who = holders.map(({ holder, reason }) => holder?.name || reason).join(", ");
    item.textContent = `${name}: ${available ? "free" : "busy"}, ${used} of ${capacity} in use${who === "" ? "" : ` by ${who}`}`;
    element("events").append(item);
  }
}

function fail(error: unknown): void {
  const failure = ConnectError.from(error);
  const [info] = failure.findDetails(ErrorInfoSchema);
  element("error").textContent = [failure.message, info?.reason].filter((part) => part !== undefined).join(" ");
}

function on(id: string, act: () => void | Promise<void>): void {
  element(id).addEventListener("click", (event) => {
    event.preventDefault();
    element("error").textContent = "";
    Promise.resolve(act()).catch(fail);
  });
}

function value(id: string): string {
  return (element(id) as HTMLInputElement | HTMLSelectElement).value;
}

function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no ${id}`);
  return found;
}
