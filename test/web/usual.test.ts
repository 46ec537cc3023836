import { create } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { EnvironmentStatusSchema, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { MINUTE, spanOf } from "../../web/words/time.ts";
import { estimateOf } from "../../web/words/usual.ts";

const minutes = (count: number) => spanOf(count * MINUTE);
const estimate = (holder: object, rest: object = {}) =>
  estimateOf(
    create(EnvironmentStatusSchema, { capacity: 1, usualHold: minutes(110), holders: [{ since: minutes(0), ...holder }], ...rest }),
  );

it("is the usual hold after its grant, or the latest end where that is earlier, and says which", () => {
  const state = LeaseState.HELD;
  expect(estimate({ state })).toEqual({ length: 110 * MINUTE, at: 110 * MINUTE, isLatest: false });
  expect(estimate({ state, latestEnd: minutes(80) })).toEqual({ length: 110 * MINUTE, at: 80 * MINUTE, isLatest: true });
  expect(estimate({ state, latestEnd: minutes(480) })).toMatchObject({ at: 110 * MINUTE, isLatest: false });
});

it("is none of an offer, of many slots, or where too few holds are known", () => {
  expect(estimate({ state: LeaseState.OFFERED })).toBe(undefined);
  expect(estimate({ state: LeaseState.HELD }, { capacity: 2 })).toBe(undefined);
  expect(estimate({ state: LeaseState.HELD }, { usualHold: undefined })).toBe(undefined);
});
