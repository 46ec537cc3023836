import { create, toJson } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { describeJob } from "../../cli/ci/job.ts";
import { describeHolder } from "../../clients/ts/src/ci/holder.ts";
import { HolderKind, HolderSchema } from "../../gen/ts/callme/v1/types_pb.ts";
import { SYSTEMS } from "../../gen/ts/ci-systems.ts";
import { JOBS, VECTORS } from "./jobs.ts";

test.each(VECTORS.map((vector) => [vector.name, vector] as const))("who it is for, and what for: %s", (_, { env, holder, reason }) => {
  expect(toJson(HolderSchema, create(HolderSchema, describeHolder(env)))).toEqual(holder);
  expect(describeJob(env)).toBe(reason ?? "");
});

test("what is said goes before all else, and the rest is as it would be", () => {
  const { env = {}, holder } = JOBS["GitHub Actions"] ?? {};
  const said = { name: "I", runUrl: "https://i", kind: HolderKind.SERVICE };
  expect(toJson(HolderSchema, create(HolderSchema, describeHolder(env, said)))).toEqual({
    ...holder,
    ...said,
    kind: "HOLDER_KIND_SERVICE",
  });
});

test("every system that has a page in docs/ci has its vector", () => {
  expect(Object.keys(JOBS)).toEqual(SYSTEMS.slice(0, 9).map(({ name }) => name));
  expect(VECTORS.map(({ name }) => name)).toEqual(expect.arrayContaining(SYSTEMS.map(({ name }) => name)));
});

test('variables that are missing leave gaps, and no "undefined"', () => {
  for (const { env } of Object.values(JOBS)) {
    const marks = Object.fromEntries(Object.entries(env).slice(0, 2));
    expect(JSON.stringify(describeHolder(marks, {}))).not.toMatch(/undefined|NaN|null/);
  }
});
