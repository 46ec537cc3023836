import { create } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { EnvironmentState, EnvironmentStatusSchema, LeaseSchema, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { turnOf } from "../../web/environment/turn.ts";
import { seconds } from "../outside/clients.ts";

const NOW = 1_000;
const held = { used: 1, holders: [{ state: LeaseState.HELD, since: seconds(900) }], usualHold: seconds(300) };
const line = { ...held, queueLength: 2 };
const out = { state: EnvironmentState.MAINTENANCE };
/** Of who stands last in line. */
const p50 = { estimatedStart: { p50: seconds(1_500) } };

it.each<[what: string, status: object, last: object | undefined, more: boolean, expected: number | undefined]>([
  ["after the last in line, for as long as it is usually held", line, p50, false, 1_800],
  ["sooner where several slots end in turn", { ...line, capacity: 3 }, p50, false, 1_600],
  ["unknown where not all in line are told", line, p50, true, undefined],
  ["unknown where nothing is expected of the last in line", line, {}, false, undefined],
  ["unknown while who waits is not known yet", line, undefined, false, undefined],
  ["when who has it is usually done", held, undefined, false, 1_200],
  ["unknown where who has it should be done by now", { ...held, usualHold: seconds(50) }, undefined, false, undefined],
  ["unknown of what was hardly ever held", { ...held, usualHold: undefined }, undefined, false, undefined],
  ["when a rest is over", { resting: 1, rest: { until: seconds(1_010) } }, undefined, false, 1_010],
  ["when a maintenance is over", { ...out, stateUntil: seconds(2_000) }, undefined, false, 2_000],
  ["unknown of a maintenance without an end", { ...held, ...out }, undefined, false, undefined],
])("expects the turn of who comes now %s", (_, given, last, moreWaiting, expected) => {
  const status = create(EnvironmentStatusSchema, { state: EnvironmentState.AVAILABLE, capacity: 1, ...given });
  const known = last && { waiting: [create(LeaseSchema, last)], moreWaiting };
  expect(turnOf(status, known, NOW * 1_000)).toBe(expected && expected * 1_000);
});
