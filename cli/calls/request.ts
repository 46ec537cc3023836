import { randomUUID } from "node:crypto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Duration } from "@bufbuild/protobuf/wkt";
import { describeHolder } from "../../clients/ts/src/ci/holder.ts";
import { type AcquireRequestSchema, IfBusy, Supersede } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import type { HolderKind } from "../../gen/ts/callme/v1/types_pb.ts";
import { describeJob } from "../ci/job.ts";
import { Failure } from "../exit.ts";
import type { Variables } from "../settings.ts";
import { nanoseconds, parseDuration } from "../words/duration.ts";

/** What the command line can say about an Acquire; texts as typed. */
export interface AcquireOptions {
  readonly environments: readonly string[];
  readonly selectors: readonly string[];
  readonly count: string | undefined;
  readonly slots: string | undefined;
  readonly pool: string | undefined;
  readonly ttl: string | undefined;
  readonly maxHold: string | undefined;
  readonly busyFails: boolean;
  readonly wait: string | undefined;
  readonly queueTimeout: string | undefined;
  readonly ticketTtl: string | undefined;
  readonly claimTimeout: string | undefined;
  readonly priority: string | undefined;
  readonly supersedeKey?: string | undefined;
  readonly supersede?: string | undefined;
  readonly notify?: string | undefined;
  readonly requestId: string | undefined;
  readonly reason: string | undefined;
  readonly holder: string | undefined;
  readonly runUrl: string | undefined;
  /** What the holder is; told by where it runs, if absent. */
  readonly kind?: HolderKind;
  readonly tags: readonly string[];
}

/** An Acquire that can be repeated safely. */
export type AcquireInit = MessageInitShape<typeof AcquireRequestSchema> & { readonly requestId: string } & Times;

type Times = { readonly [field in "ttl" | "maxHold" | "wait" | "queueTimeout" | "ticketTtl" | "claimTimeout"]?: Duration };

/** The longest that a call stands in line, in ns. */
const LONGEST_WAIT = 60_000_000_000n;

/** Builds the request; a usage Failure names the option that can't be read. Limits are the server's to check, where it does. */
export function buildRequest(options: AcquireOptions, env: Variables): AcquireInit {
  if (options.wait !== undefined) checkWait(options.wait, options.busyFails);
  return {
    ...wanted(options),
    ...durations(options),
    ...superseding(options),
    pool: options.pool ?? "",
    ifBusy: options.busyFails ? IfBusy.FAIL : IfBusy.QUEUE,
    priority: integer("--priority", options.priority ?? "0"),
    requestId: options.requestId ?? randomUUID(),
    holder: describeHolder(env, { name: options.holder, runUrl: options.runUrl, kind: options.kind }),
    reason: options.reason ?? describeJob(env),
    tags: [...options.tags],
    ...(options.notify !== undefined && { notify: options.notify }),
  };
}

const SUPERSEDE: Readonly<Record<string, Supersede>> = { none: Supersede.NONE, pending: Supersede.PENDING, held: Supersede.HELD };

function superseding({
  supersedeKey,
  supersede,
}: AcquireOptions): Pick<MessageInitShape<typeof AcquireRequestSchema>, "supersedeKey" | "supersede"> {
  if (supersede === undefined) return supersedeKey === undefined ? {} : { supersedeKey };
  const which = SUPERSEDE[supersede];
  if (which === undefined) throw Failure.usage(`--supersede ${JSON.stringify(supersede)} is none of none, pending, held`);
  if (!supersedeKey && which !== Supersede.NONE)
    throw Failure.usage("--supersede goes with --supersede-key, which says whose place is taken: that of older ones of the same key");
  return { supersedeKey: supersedeKey ?? "", supersede: which };
}

/** The server makes a longer wait 60 s, and does without one where the line is waited in anyway. */
function checkWait(wait: string, busyFails: boolean): void {
  if (!busyFails) throw Failure.usage("--wait goes with --fail; to leave the line after a while use --queue-timeout");
  if (nanoseconds(parseDuration("--wait", wait)) > LONGEST_WAIT)
    throw Failure.usage(`--wait ${wait} is more than 60s; to wait longer use --queue-timeout, without --fail`);
}

/** The names of the environments that a request asks for by name. */
export function namesIn({ environment, needs }: AcquireInit): string[] {
  return environment ? [environment] : (needs ?? []).flatMap((need) => need.environment ?? []);
}

type Wanted = Pick<AcquireOptions, "environments" | "selectors" | "count" | "slots">;

/** A single slot of one environment is asked for as the original client does. */
function wanted(options: Wanted): Pick<MessageInitShape<typeof AcquireRequestSchema>, "environment" | "needs"> {
  const { environments, selectors, count, slots } = options;
  if (environments.length + selectors.length === 0)
    throw Failure.usage("name an environment, or say with --selector which labels it must have");
  if (count !== undefined && selectors.length !== 1) throw Failure.usage("--count goes with one --selector");
  if (slots !== undefined && environments.length > 1)
    throw Failure.usage(`--slots is for one environment; write ${environments.map((name) => `${name}=${slots}`).join(" ")}`);
  if (slots !== undefined && environments.length + selectors.length > 1)
    throw Failure.usage("--slots is for one environment, or one --selector");
  const named = environments.map((text) => namedNeed(text, slots));
  const [only] = named;
  if (only?.slots === 1 && named.length + selectors.length === 1) return { environment: only.environment };
  return { needs: [...named, ...selectors.map((selector) => selectedNeed(selector, options))] };
}

/** `db=2` are two slots of db. A name may hold a colon (`db-host:5432`), and with --slots also an equals sign: the old API takes any. */
function namedNeed(text: string, slots: string | undefined): { readonly environment: string; readonly slots: number } {
  const [, name = text, number = "1"] = /^(.+)=(\d+)$/.exec(text) ?? [];
  const [environment, count] = slots === undefined ? [name, integer(text, number)] : [text, integer("--slots", slots)];
  // The contract's 0 stands for a field that was left out, which means 1: nobody who types it means that.
  if (count === 0)
    throw Failure.usage(`${slots === undefined ? text : "--slots 0"} asks for no slot; write ${environment}, or ${environment}=2 for two`);
  return { environment, slots: count };
}

function selectedNeed(selector: string, { count = "1", slots = "1" }: Wanted): { selector: string; count: number; slots: number } {
  if (selector.trim() === "") throw Failure.usage("--selector is empty; write it like tier=uat,region in (eu,us),!gpu");
  const need = { selector, count: integer("--count", count), slots: integer("--slots", slots) };
  for (const what of ["count", "slots"] as const)
    if (need[what] === 0) throw Failure.usage(`--${what} 0 asks for nothing; leave it out for one`);
  return need;
}

function durations(options: AcquireOptions): Times {
  const given = {
    ttl: ["--ttl", options.ttl],
    maxHold: ["--max-hold", options.maxHold],
    wait: ["--wait", options.wait],
    queueTimeout: ["--queue-timeout", options.queueTimeout],
    ticketTtl: ["--ticket-ttl", options.ticketTtl],
    claimTimeout: ["--claim-timeout", options.claimTimeout],
  } as const;
  return Object.fromEntries(
    Object.entries(given).flatMap(([field, [option, text]]) => (text === undefined ? [] : [[field, parseDuration(option, text)]])),
  );
}

function integer(source: string, text: string): number {
  const value = Number(text);
  if (/^[+-]?\d+$/.test(text) && value >= -0x80000000 && value <= 0x7fffffff) return value;
  throw Failure.usage(`${source}: ${JSON.stringify(text)} is no whole number in range`);
}
