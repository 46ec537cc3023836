// `npm run check` compares proto/ with the contract that users have: each kind of break, planted, must be found.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { root, tool } from "../../scripts/tools.ts";

const folder = mkdtempSync(path.join(os.tmpdir(), "call-me-breaking-"));
beforeEach(() => {
  for (const name of ["proto", "buf.yaml"]) cpSync(path.join(root, name), path.join(folder, name), { recursive: true, force: true });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Changes a file of the contract in the copy, and asks buf. */
function breaking(file: string, from: string, to: string) {
  const target = path.join(folder, "proto/callme/v1", file);
  const source = readFileSync(target, "utf8");
  if (from !== "" && !source.includes(from)) throw new Error(`${file} has no ${from} any more`);
  writeFileSync(target, source.replace(from, to));
  return tool("buf", ["breaking", "--against", "proto/baseline.binpb"], { cwd: folder });
}

const TYPES = "types.proto";
const LOCKS = "lock_service.proto";

test.each<[what: string, file: string, from: string, to: string, says: RegExp]>([
  ["a field is removed", TYPES, "  string end_note = 4;\n", "", /field "4" with name "end_note" on message "Lease" was deleted/],
  ["a field changes its type", TYPES, "string end_note = 4;", "bytes end_note = 4;", /"end_note" on message "Lease" changed type/],
  ["a field changes its number", TYPES, "string end_note = 4;", "string end_note = 99;", /field "4" with name "end_note"/],
  ["a field changes its name", TYPES, "string end_note = 4;", "string note = 4;", /changed name from "end_note" to "note"/],
  ["a field becomes repeated", TYPES, "string end_note = 4;", "repeated string end_note = 4;", /changed cardinality/],
  ["an enum value is removed", TYPES, "  END_REASON_TIMED_OUT = 6;\n", "", /enum value "6" on enum "EndReason" was deleted/],
  ["an enum value is renumbered", TYPES, "END_REASON_TIMED_OUT = 6;", "END_REASON_TIMED_OUT = 99;", /enum value "6" on enum "EndReason"/],
  ["an enum value is renamed", TYPES, "END_REASON_TIMED_OUT = 6;", "END_REASON_GONE = 6;", /changed name from "END_REASON_TIMED_OUT"/],
  [
    "a method is removed",
    LOCKS,
    "  rpc Renew(RenewRequest) returns (RenewResponse);\n",
    "",
    /RPC "Renew" on service "LockService" was deleted/,
  ],
  [
    "a method takes another message",
    LOCKS,
    "rpc Renew(RenewRequest)",
    "rpc Renew(GetLeaseRequest)",
    /RPC "Renew" on service "LockService" changed request type/,
  ],
  ["a method becomes a stream", LOCKS, "returns (RenewResponse)", "returns (stream RenewResponse)", /"Renew".*changed from server unary/],
  ["a reserved number is given away", TYPES, "  reserved 5, 7;\n", "", /reserved/],
])("%s: it is found", (_what, file, from, to, says) => {
  const { ok, output } = breaking(file, from, to);
  expect(output).toMatch(says);
  expect(ok).toBe(false);
});

test.each<[what: string, file: string, from: string, to: string]>([
  ["nothing", TYPES, "", ""],
  ["a field", TYPES, "  string end_note = 4;\n", "  string end_note = 4;\n  // New.\n  string later = 99;\n"],
  ["an enum value", TYPES, "  END_REASON_TIMED_OUT = 6;\n", "  END_REASON_TIMED_OUT = 6;\n  // New.\n  END_REASON_LATER = 99;\n"],
  ["a method", LOCKS, "  // Reads a lease", "  // New.\n  rpc Postpone(RenewRequest) returns (RenewResponse);\n  // Reads a lease"],
])("adding %s breaks nobody", (_what, file, from, to) => {
  expect(breaking(file, from, to)).toEqual({ ok: true, output: "" });
});
