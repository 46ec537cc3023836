// What an error costs of the headers that gRPC sends it in.
import { setTrailerStatus } from "@connectrpc/connect/protocol-grpc";
import fc from "fast-check";
import { expect, test } from "vitest";
import { failure } from "../../src/rpc/errors.ts";

/** As HTTP/2 counts a header list (RFC 9113, 6.5.2). */
function size(headers: Headers): number {
  return [...headers].reduce((sum, [name, value]) => sum + name.length + Buffer.byteLength(value) + 32, 0);
}

const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 12_000 }),
  fc.constantFrom("a", "\u540d", "\u{1f600}", "%", "\ud800").map((character) => character.repeat(12_000)),
);

test("no error is larger than the 8 KiB that gRPC's clients take", () => {
  const property = fc.property(text, text, text, text, (message, field, holders, leaseIds) => {
    const metadata = { environments: holders, holders, lease_ids: leaseIds };
    for (const facts of [{ metadata }, { metadata: { holders }, field }])
      expect(size(setTrailerStatus(new Headers(), failure("LIMIT_REACHED", message, facts)))).toBeLessThan(8_192 - 500);
  });
  fc.assert(property, { numRuns: 200 });
});

test("what is short stays as it is", () => {
  expect(failure("BAD_FIELD", "name: J\u00fcrgen \u{1f600} % does not fit").rawMessage).toBe("name: J\u00fcrgen \u{1f600} % does not fit");
  expect(failure("BAD_FIELD", "x".repeat(700)).rawMessage).toBe(`${"x".repeat(600)}\u2026`);
});
