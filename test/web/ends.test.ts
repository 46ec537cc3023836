import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { EnvironmentStatusSchema, LeaseState, OccupantSchema } from "../../gen/ts/callme/v1/types_pb.ts";
import { firstToEnd, latest } from "../../web/words/ends.ts";
import { spanOf } from "../../web/words/time.ts";

describe("the latest end", () => {
  const at = (minutes: number) => spanOf(minutes * 60_000);
  const on = (...holders: object[]) => create(EnvironmentStatusSchema, { holders });

  it("is never that of the present ttl, which each renewal moves; an offer's is when it is passed over", () => {
    const end = (state: LeaseState, latestEnd?: object) => latest(create(OccupantSchema, { state, until: at(1), ...latestEnd }));
    expect(end(LeaseState.HELD)).toBe(undefined);
    expect(end(LeaseState.HELD, { latestEnd: at(9) })).toMatchObject(at(9));
    expect(end(LeaseState.OFFERED, { latestEnd: at(9) })).toMatchObject(at(1));
  });

  it("of an environment is that of whoever must leave first; who has none comes last", () => {
    const held = { state: LeaseState.HELD, until: at(1) };
    const status = on(
      { ...held, leaseId: "a" },
      { ...held, leaseId: "b", latestEnd: at(30) },
      { ...held, leaseId: "c", latestEnd: at(20) },
    );
    expect(firstToEnd(status)?.leaseId).toBe("c");
    expect(firstToEnd(on({ ...held, leaseId: "a" }))?.leaseId).toBe("a");
    expect(firstToEnd(on())).toBe(undefined);
  });
});
