/** Selectors as people write them. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Selector } from "../../src/core/model/selector.ts";
import { parseSelector, textOf } from "../../src/core/model/selector-text.ts";

const is = (key: string, ...values: string[]) => ({ key, operator: "IN", values });
const isNot = (key: string, ...values: string[]) => ({ key, operator: "NOT_IN", values });
const has = (key: string) => ({ key, operator: "EXISTS", values: [] });
const lacks = (key: string) => ({ key, operator: "ABSENT", values: [] });

describe("a text as Kubernetes writes it is read", () => {
  test.each<[text: string, ...object[]]>([
    ["tier=uat,region in (eu,us),!gpu", is("tier", "uat"), is("region", "eu", "us"), lacks("gpu")],
    ["tier==uat", is("tier", "uat")],
    ["tier!=uat", isNot("tier", "uat")],
    ["region notin (a,b)", isNot("region", "a", "b")],
    ["gpu", has("gpu")],
    ["  tier =\tuat , ! gpu ,x in( a , b )\n", is("tier", "uat"), lacks("gpu"), is("x", "a", "b")],
    ["in in (notin),notin", is("in", "notin"), has("notin")],
    ["tier=,os!=", is("tier", ""), isNot("os", "")],
    ["call-me.dev/kind=a/b:1@x+y_z", is("call-me.dev/kind", "a/b:1@x+y_z")],
    ["Straße=Köln", is("Straße", "Köln")],
    ['"a key"="va\\"lue, (really)",x in ("",b)', is("a key", 'va"lue, (really)'), is("x", "", "b")],
    ["tier=uat,tier=uat", is("tier", "uat"), is("tier", "uat")],
  ])("%j", (text, ...expected) => {
    expect(parseSelector(text)).toEqual(expected);
  });
});

describe("what is none is refused, with the place", () => {
  test.each<[text: string, at: number, problem: string]>([
    ["", 1, "it ends where a label's name is expected"],
    ["  ", 1, "it ends where a label's name is expected"],
    ["tier=uat,,gpu", 10, '"," stands where a label\'s name is expected'],
    ["tier=uat,", 10, "it ends where a label's name is expected"],
    ["tier=uat gpu", 10, '"gpu" stands where a comma is expected'],
    ["tier is uat", 6, '"is" stands where =, !=, in, notin or a comma is expected'],
    ["tier in uat", 9, '"uat" stands where an opening parenthesis is expected'],
    ["tier in ()", 10, '")" stands where a value is expected'],
    ["tier in (a,)", 12, '")" stands where a value is expected'],
    ["tier in (a b)", 12, '"b" stands where a comma or a closing parenthesis is expected'],
    ["tier in (a", 11, "it ends where a comma or a closing parenthesis is expected"],
    ["!gpu=yes", 5, '"=" stands where a comma is expected'],
    ["!!gpu", 2, '"!" stands where a label\'s name is expected'],
    ["tier=(a)", 6, '"(" stands where a value is expected'],
    ["cpu>4", 4, '">" can stand in double quotes only'],
    ["tier='uat'", 6, '"\'" can stand in double quotes only'],
    ["x,  \u{1f600}", 5, '"\u{1f600}" can stand in double quotes only'],
    ['tier="uat', 6, "a quote is not closed"],
    ['tier="\\q"', 6, "what stands in quotes is no JSON text"],
  ])("%j", (text, at, problem) => {
    expect(parseSelector(text)).toEqual({ problem, at });
  });
});

const word = fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("", "in", "notin", "!", "a,b", "tier", '"', "\\"));
const requirement = fc.oneof(
  fc.record({ key: word, operator: fc.constantFrom("IN", "NOT_IN"), values: fc.array(word, { minLength: 1, maxLength: 4 }) }),
  fc.record({ key: word, operator: fc.constantFrom("EXISTS", "ABSENT"), values: fc.constant([]) }),
);

test("every selector is read from its text as it was, whatever its labels are called", () => {
  fc.assert(
    fc.property(fc.array(requirement, { minLength: 1, maxLength: 5 }), (selector) => {
      expect(parseSelector(textOf(selector as Selector))).toEqual(selector);
    }),
    { numRuns: 2_000 },
  );
});

test("any text is a selector or is refused with a place in it, and what is read says the same when it is written", () => {
  const part = fc.constantFrom("tier", "=", "==", "!=", "!", ",", "(", ")", "in", "notin", '"', '"x"', "\\", " ", "\n", "<", "ü", "\ud800");
  const texts = fc.oneof(
    fc.array(part, { maxLength: 12 }).map((parts) => parts.join("")),
    fc.string({ unit: "binary" }),
  );
  fc.assert(
    fc.property(texts, (text) => {
      const read = parseSelector(text);
      if ("problem" in read) {
        expect(read.at).toBeGreaterThan(0);
        expect(read.at).toBeLessThanOrEqual(text.length + 1);
      } else expect(parseSelector(textOf(read))).toEqual(read);
    }),
    { numRuns: 10_000 },
  );
});

test.each([
  ["quotes", '"'],
  ["backslashes behind a quote", "\\"],
  ["spaces", " "],
  ["commas", ","],
  ["parentheses", "("],
  ["letters", "a"],
  ["exclamation marks", "!"],
])("%s, very many of them, are read in no more steps than there are characters", (_, character) => {
  // Were it more, the runner's time limit would end it.
  expect(parseSelector(`x in ("${character.repeat(200_000)}`)).toHaveProperty("problem");
  expect(parseSelector(`x${character.repeat(200_000)}\u0000`)).toHaveProperty("problem");
});
