import { Code, ConnectError, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import {
  type Health,
  type HealthCheckRequest,
  type HealthCheckResponse_ServingStatus,
  HealthCheckResponse_ServingStatus as Status,
} from "../../../gen/ts/grpc/health/v1/health_pb.ts";
import { failure } from "../errors.ts";
import { METHODS } from "../methods/table.ts";

/** Whether the server serves; `changed` resolves at the next change after its call, and may settle in any way when `signal` aborts. */
export interface HealthState {
  serving(): boolean;
  changed(signal: AbortSignal): Promise<void>;
}

/** The names that have a status: the server as a whole (""), and its services, which always have the same one. */
const NAMES: readonly string[] = ["", ...new Set([...METHODS.values()].map(({ desc }) => desc.parent.typeName))];

/** grpc.health.v1.Health: Check (not_found for a name that we don't serve), Watch and List. */
export function healthService(state: HealthState): ServiceImpl<typeof Health> {
  const current = () => (state.serving() ? Status.SERVING : Status.NOT_SERVING);
  return {
    check({ service }) {
      if (!NAMES.includes(service))
        throw new ConnectError(`no service "${service}" here; known: ${NAMES.slice(1).join(", ")}`, Code.NotFound);
      return { status: current() };
    },
    list() {
      return { statuses: Object.fromEntries(NAMES.map((name) => [name, { status: current() }])) };
    },
    watch: (request, context) => follow(state, request, context, current),
  };
}

/** Sends the status, then each change of it. An unknown name has a status as well, because the protocol forbids to end the call for it. */
async function* follow(
  state: HealthState,
  { service }: HealthCheckRequest,
  { signal }: HandlerContext,
  current: () => HealthCheckResponse_ServingStatus,
) {
  const aborted = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  let told: HealthCheckResponse_ServingStatus | undefined;
  while (!signal.aborted) {
    // Asked for before the status is read, so that no change falls in between.
    const changed = state.changed(signal);
    changed.catch(() => undefined);
    const status = NAMES.includes(service) ? current() : Status.SERVICE_UNKNOWN;
    if (status !== told) yield { status };
    told = status;
    await Promise.race([changed, aborted]);
  }
  // Also in place of what nobody hears, because its caller has gone.
  throw signal.reason instanceof ConnectError ? signal.reason : failure("DRAINING", "the server is about to stop; watch again");
}
