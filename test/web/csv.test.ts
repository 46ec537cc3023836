import { expect, test } from "vitest";
import { csv, inSeconds } from "../../web/words/csv.ts";

test.each([
  ["plain words", "plain words"],
  ["", ""],
  ["a,b", '"a,b"'],
  ['say "yes"', '"say ""yes"""'],
  ["a;b", '"a;b"'],
  ["-12.5", "-12.5"],
  ["12", "12"],
  ["=1+1", "'=1+1"],
  ["+1+1", "'+1+1"],
  ["-1+1", "'-1+1"],
  ["@SUM(A1)", "'@SUM(A1)"],
  ["  =1+1", "'  =1+1"],
  ["\t=1+1", "'=1+1"],
  ["\u202e=1+1", "'=1+1"],
  ['=HYPERLINK("https://evil.example")', `"'=HYPERLINK(""https://evil.example"")"`],
  // Where a comma is in numbers, a spreadsheet takes the semicolon for the end of a cell.
  ["nightly;=1+1", `"nightly;'=1+1"`],
  ["a; -1+1;@x", `"a;' -1+1;'@x"`],
  ["line\r\nbreak\u0000", "linebreak"],
])("%j is written as a cell that no spreadsheet takes for a formula: %j", (text, written) => {
  expect(csv([[text]])).toBe(`${written}\r\n`);
});

test("cells stand in a row each behind a comma, and rows end as RFC 4180 has it", () => {
  const rows = [
    ["name", "grants"],
    ["uat", "3"],
  ];
  expect(csv(rows)).toBe("name,grants\r\nuat,3\r\n");
});

test("lengths are in seconds, to the millisecond, and empty where there is none", () => {
  expect([93_000, 1_234.567, 0, undefined].map(inSeconds)).toEqual(["93", "1.235", "0", ""]);
});
