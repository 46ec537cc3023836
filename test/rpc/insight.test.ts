import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { GetStatsRequestSchema } from "../../gen/ts/callme/v1/insight_service_pb.ts";
import { ALL_RIGHTS } from "../../src/core/access/rights.ts";
import { limits } from "../../src/core/limits.ts";
import type { Call, Service } from "../../src/rpc/methods/call.ts";
import { getStats } from "../../src/rpc/methods/insight.ts";

test("statistics of more keys than an answer may have are refused, with what to ask for instead", async () => {
  const spread = { count: 0, p50: 0, p95: 0, max: 0 };
  const figures = { grants: 0, utilisation: 0, wait: spread, hold: spread, expired: 0, forced: 0, abandoned: 0, coversFrom: 0 };
  const ask = (count: number) => {
    const rows = Array.from({ length: count }, (_, n) => ({ key: `r${n}`, ...figures }));
    const service = { engine: { views: { now: () => 1 } }, chronicle: { stats: async () => rows } };
    return getStats(service as unknown as Service, create(GetStatsRequestSchema), { caller: { rights: ALL_RIGHTS } } as Call);
  };
  expect((await ask(limits.statsRows)).rows).toHaveLength(limits.statsRows);
  await expect(ask(limits.statsRows + 1)).rejects.toThrow("group_by: gives more than 50000 rows; give filter.pool or a shorter window");
});
