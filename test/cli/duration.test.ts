import fc from "fast-check";
import { expect, test } from "vitest";
import { formatDuration, nanoseconds, parseDuration } from "../../cli/words/duration.ts";

test.each([
  ["30s", 30_000_000_000n],
  ["1h30m", 5_400_000_000_000n],
  ["1.5h", 5_400_000_000_000n],
  ["250ms", 250_000_000n],
  ["1m0.5s", 60_500_000_000n],
  ["2us3ns", 2_003n],
  ["720h", 2_592_000_000_000_000n],
])("%s is read as Go reads it", (text, expected) => {
  expect(nanoseconds(parseDuration("--ttl", text))).toBe(expected);
});

test.each(["", "30", "s", "1h 30m", "-5s", "30s!", "x30s", "1d", ".s"])(
  "%j is no duration, and the message shows how to write one",
  (text) => {
    expect(() => parseDuration("--ttl", text)).toThrow(/--ttl .* is no duration; write it like 30s/);
  },
);

test.each([
  [0n, "0s"],
  [999n, "999ns"],
  [1_500n, "1.5µs"],
  [57_134_996n, "57.134996ms"],
  [1_000_000_000n, "1s"],
  [61_500_000_000n, "1m1.5s"],
  [3_600_000_000_000n, "1h0m0s"],
  [-2_000_000n, "-2ms"],
])("%d ns are written as Go writes them: %s", (length, expected) => {
  expect(formatDuration(length)).toBe(expected);
});

test("whatever is written is read as the same length", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 10n ** 17n }), (length) => {
      expect(nanoseconds(parseDuration("--ttl", formatDuration(length)))).toBe(length);
    }),
  );
});
