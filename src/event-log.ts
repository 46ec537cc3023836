/** What the log says of what the server does: each grant, end and refusal in a line, and at debug each call. */
import { randomUUID } from "node:crypto";
import { SparingLog } from "./access/sparing.ts";
import type { Cause, Event } from "./core/event.ts";
import type { EndedBy } from "./core/model/lease.ts";
import type { Called, Ended, Observer, Refused } from "./engine/observer.ts";
import type { Commit } from "./store/store.ts";

/** Lines in a minute of each kind. A server that does more is read by its metrics, and its history has them all. */
const MOST = 600;
const SECOND = 1_000_000;
/** Environments that a line names. */
const NAMED = 10;

interface Log {
  isLevelEnabled?(level: string): boolean;
  debug(facts: object, text: string): void;
  info(facts: object, text: string): void;
}

export class EventLog implements Observer {
  readonly #log: Log;
  readonly #sparing: SparingLog;
  readonly wantsOrigin: boolean;
  /** Absent unless the log wants every call. */
  readonly called?: (call: Called) => Ended;

  constructor(log: Log) {
    this.#log = log;
    this.#sparing = new SparingLog((facts, text) => log.info(facts, text), MOST);
    this.wantsOrigin = log.isLevelEnabled?.("debug") === true;
    if (this.wantsOrigin) this.called = (call) => this.#called(call);
  }

  committed({ events }: Commit): void {
    for (const event of events) {
      const { kind, cause } = event;
      if (cause === undefined) continue;
      if (cause.endReason !== undefined) this.#sparing.write(ended(event, cause), "a lease has ended", "ends");
      else if (kind === "GRANTED" || kind === "CLEANING") this.#sparing.write(granted(event, cause), "a lease was granted", "grants");
    }
  }

  refused({ method, why, by, environment, lease }: Refused): void {
    const { principal, label, address } = by;
    this.#sparing.write({ method, principal, label, address, environment, lease, why }, "a call was refused", "refusals");
  }

  #called({ method, by, origin, requestId, streams }: Called): Ended {
    const began = performance.now();
    const [, trace] = /^[\da-f]{2}-([\da-f]{32})-/.exec(origin?.traceparent ?? "") ?? [];
    const request = origin?.request ?? randomUUID();
    const who = { principal: by?.principal, label: by?.label, address: by?.address, token_of: by?.lease };
    const facts = { request, request_id: requestId, trace, method, ...who };
    if (streams === true) this.#log.debug(facts, "a stream was opened");
    return (code) => {
      const milliseconds = Math.round((performance.now() - began) * 100) / 100;
      this.#log.debug({ ...facts, code, milliseconds }, "a call has ended");
    };
  }
}

function granted(event: Event, cause: Cause): object {
  const waited = cause.createdAt === undefined ? undefined : secondsOf(event.at - cause.createdAt);
  return { ...about(event, cause), fencing_token: event.revision, waited, cleaning: event.kind === "CLEANING" || undefined };
}

function ended(event: Event, cause: Cause): object {
  const held = cause.grantedAt === undefined ? undefined : secondsOf(event.at - cause.grantedAt);
  return { ...about(event, cause), why: cause.endReason, held, by: event.by && whoOf(event.by), note: cause.reason };
}

/** Which lease, on what, and whose. */
function about({ pool, environments }: Event, { leaseId, holder, principal, principalLabel }: Cause): object {
  const names = environments.slice(0, NAMED).map(({ name }) => name);
  const more = environments.length > NAMED ? environments.length - NAMED : undefined;
  const whose = { holder: holder.name || undefined, run: holder.runUrl || undefined, principal, label: principalLabel };
  return { lease: leaseId, pool, environments: names, more, ...whose };
}

function whoOf({ principal, principalLabel, lease }: EndedBy): object {
  return { principal, label: principalLabel, token_of: lease };
}

function secondsOf(span: number): number {
  return Math.round(span / (SECOND / 1_000)) / 1_000;
}
