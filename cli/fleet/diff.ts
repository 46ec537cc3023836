import type { DescMessage, JsonValue, Message } from "@bufbuild/protobuf";
import {
  type ApplyEnvironmentsResponse,
  ChangeKind,
  EnvironmentSchema,
  PoolConfigSchema,
} from "../../gen/ts/callme/v1/environment_service_pb.ts";
import type { Path } from "./document.ts";
import { type Fleet, written } from "./environments.ts";
import { legible } from "./legible.ts";

/** A line of what would change: + comes, ~ changes, - goes. */
export interface DiffLine {
  readonly sign: "+" | "~" | "-";
  readonly text: string;
}

const SIGNS: Partial<Record<ChangeKind, DiffLine["sign"]>> = {
  [ChangeKind.CREATED]: "+",
  [ChangeKind.UPDATED]: "~",
  [ChangeKind.DELETED]: "-",
};
/** Texts that need no quotes to be told from what stands around them. */
const PLAIN = /^[\w./:@+-]+$/;

/** What an Apply of the file changes, for people: a line for each pool and environment, and below it one for each value of its fields that differs. */
export function* diffOf(answer: ApplyEnvironmentsResponse, fleet: Fleet): Generator<DiffLine, void, undefined> {
  const pools = new Map(fleet.pools.map((pool) => [pool.name, pool]));
  for (const { name, kind, fields, before } of answer.pools) {
    const sign = SIGNS[kind];
    if (sign === undefined) continue;
    yield { sign, text: `pool ${name}${untold(fields, before)}` };
    yield* changed(PoolConfigSchema, fields, before, pools.get(name));
  }
  const environments = new Map(fleet.environments.map((environment) => [environment.name, environment]));
  for (const { name, pool, kind, fields, before } of answer.changes) {
    const sign = SIGNS[kind];
    if (sign === undefined) continue;
    yield { sign, text: `${name} (pool ${pool})${untold(fields, before)}` };
    yield* changed(EnvironmentSchema, fields, before, environments.get(name));
  }
}

/** The fields that differ, where the server is too old to tell what they were. */
function untold(fields: readonly string[], before: Message | undefined): string {
  return before === undefined && fields.length > 0 ? `: ${fields.join(", ")}` : "";
}

/** `2 created, 1 changed, 1 deleted, 46 unchanged`. */
export function summaryOf({ changes, pools }: ApplyEnvironmentsResponse): string {
  const counts = new Map<ChangeKind, number>();
  for (const { kind } of [...pools, ...changes]) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const words = { created: ChangeKind.CREATED, changed: ChangeKind.UPDATED, deleted: ChangeKind.DELETED, unchanged: ChangeKind.UNCHANGED };
  return Object.entries(words)
    .map(([word, kind]) => `${counts.get(kind) ?? 0} ${word}`)
    .join(", ");
}

function* changed<T extends Message>(
  type: DescMessage,
  names: readonly string[],
  before: T | undefined,
  after: T | undefined,
): Generator<DiffLine, void, undefined> {
  if (before === undefined || after === undefined) return;
  for (const field of type.fields) {
    if (!names.includes(field.name)) continue;
    const [was, is] = [before, after].map((message) => new Map(leaves(legible(type, message)[field.jsonName], [field.jsonName])));
    for (const path of new Set([...(was?.keys() ?? []), ...(is?.keys() ?? [])])) {
      const [old, now] = [was?.get(path), is?.get(path)];
      if (old === now) continue;
      if (old === undefined) yield { sign: "+", text: `    ${path}: ${now}` };
      else if (now === undefined) yield { sign: "-", text: `    ${path}: ${old}` };
      else yield { sign: "~", text: `    ${path}: ${old} → ${now}` };
    }
  }
}

/** Every text, number and switch inside a value, by its path. */
function* leaves(value: JsonValue | undefined, path: Path): Generator<[path: string, text: string], void, undefined> {
  if (value === undefined) return;
  if (typeof value !== "object" || value === null)
    yield [written(path), typeof value === "string" && !PLAIN.test(value) ? JSON.stringify(value) : String(value)];
  else if (Array.isArray(value)) for (const [index, item] of value.entries()) yield* leaves(item, [...path, index]);
  else for (const [key, item] of Object.entries(value)) yield* leaves(item ?? undefined, [...path, key]);
}
