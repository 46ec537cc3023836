/** docs/contract.md against the code: one table of reasons in each, and the same ends of a lease. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { codeFromString, codeToHttpStatus } from "@connectrpc/connect/protocol-connect";
import { expect, test } from "vitest";
import { EndReason } from "../../gen/ts/callme/v1/types_pb.ts";
import { root } from "../../scripts/tools.ts";
import { VERDICTS } from "../../src/rpc/errors.ts";

const page = readFileSync(path.join(root, "docs/contract.md"), "utf8");

/** The cells of the rows of a section's first table, below its head. */
function table(heading: string): string[][] {
  const [, section = ""] = page.split(`## ${heading}\n`);
  const [rows = ""] = /(?:^\|.*\n)+/m.exec(section) ?? [];
  const cells = rows
    .trim()
    .split("\n")
    .map((row) =>
      row
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  return cells.slice(2);
}

test("every reason stands in the contract with its code, HTTP status and whether to try again, and no other does", () => {
  const told = table("Codes and reasons").map(([reason, code = "", http]) => [reason, codeFromString(code), Number(http)]);
  const known = Object.entries(VERDICTS).map(([reason, { code }]) => [reason, code, codeToHttpStatus(code)]);
  expect(told.toSorted()).toEqual(known.toSorted());
});

test("what carries a RetryInfo is said to be worth another try, and nothing else is", () => {
  const again = table("Codes and reasons").filter(([, , , words = ""]) => /^(yes|final)/.test(words));
  const carrying = Object.entries(VERDICTS).filter(([, { retryAfter }]) => retryAfter !== undefined);
  expect(again.map(([reason]) => reason).toSorted()).toEqual(carrying.map(([reason]) => reason).toSorted());
});

test("every end of a lease stands in the contract", () => {
  const names = Object.keys(EndReason).filter((name) => Number.isNaN(Number(name)) && name !== "UNSPECIFIED");
  expect(
    table("A lease")
      .map(([reason]) => reason)
      .toSorted(),
  ).toEqual(names.toSorted());
});
