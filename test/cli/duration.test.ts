import type { Duration } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { expect, test } from "vitest";
import { formatDuration, nanoseconds, parseDuration, spell, writeDuration } from "../../cli/words/duration.ts";
import { type Length, requestFor } from "../../clients/ts/src/options.ts";
import { readConfig } from "../../src/config.ts";

/** The one grammar of command line, clients and settings, in ns. */
const READ: readonly [text: string, length: bigint][] = [
  ["30s", 30_000_000_000n],
  ["1h30m", 5_400_000_000_000n],
  ["1.5h", 5_400_000_000_000n],
  ["1250ms", 1_250_000_000n],
  ["1m0.5s", 60_500_000_000n],
  ["1s2us3ns", 1_000_002_003n],
  ["1s5µs5μs", 1_000_010_000n],
  ["2d", 172_800_000_000_000n],
  ["1d12h", 129_600_000_000_000n],
  ["0.5d", 43_200_000_000_000n],
  ["720h", 2_592_000_000_000_000n],
];
const UNREAD = ["30", "s", "1h 30m", "-5s", "+5s", "30s!", "x30s", "1w", ".5s", "1.s", "1e3s", "30S"];

test.each(READ)("%s is the same length to the command line, the client and the server's settings", async (text, expected) => {
  expect(nanoseconds(parseDuration("--ttl", text))).toBe(expected);
  expect(nanoseconds(requestFor("uat", { ttl: text as Length }).ttl as Duration)).toBe(expected);
  expect(readConfig({ CALL_ME_LEGACY_TTL: text }).legacyTtl).toBe(Number(expected / 1_000n));
});

test.each(UNREAD)("%j is no duration to any of them, and each shows how to write one", (text) => {
  expect(() => parseDuration("--ttl", text)).toThrow(/--ttl .* is no duration; write it like 30s/);
  expect(() => requestFor("uat", { ttl: text as Length })).toThrow(/ttl: .* is no length of time; write it like "90s"/);
  expect(() => readConfig({ CALL_ME_LEGACY_TTL: text })).toThrow(/CALL_ME_LEGACY_TTL is .*; give 1s to 30d, for example 90m/);
});

test("an empty text is no duration", () => {
  expect(() => parseDuration("--ttl", "")).toThrow(/--ttl "" is no duration/);
});

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

test.each([
  [0n, "0s"],
  [5_400_000_000_000n, "1h30m"],
  [172_800_000_000_000n, "2d"],
  [1_500n, "1us500ns"],
])("%d ns are written into a file as %s", (length, expected) => {
  expect(writeDuration(length)).toBe(expected);
});

test("whatever is written is read as the same length", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 10n ** 17n }), (length) => {
      for (const write of [formatDuration, writeDuration]) expect(nanoseconds(parseDuration("--ttl", write(length)))).toBe(length);
    }),
  );
});

test.each([
  [0, "0 s"],
  [-5, "0 s"],
  [340, "0.3 s"],
  [7_500, "7.5 s"],
  [9_960, "10 s"],
  [59_600, "1 m"],
  [200_000, "3 m 20 s"],
  [599_600, "10 m"],
  [719_990, "12 m"],
  [3_599_000, "1 h"],
  [3_900_000, "1 h 5 m"],
  [86_399_000, "1 d"],
  [183_600_000, "2 d 3 h"],
  [30 * 86_400_000, "30 d"],
])("%d ms are %s to a person", (length, expected) => {
  expect(spell(length)).toBe(expected);
});
