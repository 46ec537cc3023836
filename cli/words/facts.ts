import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { Fact } from "../../gen/ts/callme/v1/types_pb.ts";
import { elapsed } from "./clock.ts";
import { nameOf } from "./phrases.ts";

type Facts = Readonly<Record<string, Fact>>;

/** What holders have told of an environment, a line for each of them, newest first: "version=1.2.3 sha=0b6c, told by checkout #4711 2 h ago". */
export function toldOf(facts: Facts): string[] {
  const lines = new Map<string, [string, Fact][]>();
  for (const entry of Object.entries(facts).sort(([, a], [, b]) => since(b) - since(a))) {
    const { leaseId } = entry[1];
    lines.set(leaseId, [...(lines.get(leaseId) ?? []), entry]);
  }
  return [...lines.values()].map((entries) => {
    const [, { holder, leaseId, at }] = entries[0] ?? ["", { holder: undefined, leaseId: "", at: undefined }];
    return `${listed(entries)}, told by ${nameOf({ holder }, `lease ${leaseId}`)}${at === undefined ? "" : ` ${elapsed(at)} ago`}`;
  });
}

/** What has changed between two states: "checkout #4711 told version=1.2.3"; undefined if nothing has. */
export function news(before: Facts, after: Facts): string | undefined {
  const fresh = Object.entries(after).filter(
    ([name, fact]) => before[name]?.value !== fact.value || before[name]?.leaseId !== fact.leaseId,
  );
  const gone = Object.keys(before).filter((name) => after[name] === undefined);
  const [first] = fresh;
  const told = first && `${nameOf(first[1], `lease ${first[1].leaseId}`)} told ${listed(fresh)}`;
  const taken = gone.length > 0 && `${gone.join(", ")} is not said any more`;
  return [told, taken].filter(Boolean).join(", ") || undefined;
}

function listed(entries: readonly (readonly [string, Fact])[]): string {
  return entries.map(([name, { value }]) => `${name}=${value}`).join(" ");
}

function since({ at }: Fact): number {
  return at === undefined ? 0 : timestampMs(at);
}
