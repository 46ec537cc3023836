import { expect, it } from "vitest";
import { inWords } from "../../web/words/reason.ts";
import { clockTime } from "../../web/words/time.ts";

it("puts what the server writes for programs into people's words, and leaves what people wrote", () => {
  const end = "2026-11-30T06:10:00.000Z";
  const now = Date.parse(end);
  expect(inWords(`not_after: ${end}`, now)).toBe(`until ${clockTime(now, now)}`);
  expect(inWords("max_hold was reached", now)).toBe("no longer hold is allowed");
  for (const own of ["nightly", "not_after: tomorrow", "max_hold was reached?", ""]) expect(inWords(own, now)).toBe(own);
});
