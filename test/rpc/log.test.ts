// What no line of the log has, whatever an error of a library brings along.
import { expect, test } from "vitest";
import { newKeyText } from "../../src/access/key-text.ts";
import { logInto } from "../../src/log.ts";

/** The lines of what is logged. */
function logged(act: (log: ReturnType<typeof logInto>) => void): string {
  let lines = "";
  const write = (line: string) => {
    lines += line;
  };
  act(logInto({ write, tellDropped: () => "" }, "info"));
  return lines;
}

test("a line has no header by which a caller proves who it is, however deep it lies in an error", () => {
  const headers = { authorization: "Bearer s3cret", "x-api-key": "s3cret", cookie: "s3cret", host: "here" };
  const cause = Object.assign(new Error("inner"), { response: { config: { headers } } });
  const err = Object.assign(new Error("outer", { cause }), { headers, request: { headers } });
  const line = logged((log) => log.error({ err, headers, req: { headers } }, "failed"));
  expect(line).not.toContain("s3cret");
  expect(line).toContain('"host":"here"');
});

test("a text has no key, lease token or token of a job; whose key it is stays", () => {
  const key = newKeyText("0123456789");
  const token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtZSJ9.c2lnbmF0dXJlLXNpZ25hdHVyZQ";
  const lease = `cml_01a228cf-0000-7000-a503-49f75587aed1_${"x".repeat(43)}`;
  const line = logged((log) => log.error({ err: new Error(`got ${key}, ${token} and ${lease}`) }, `it was ${key}`));
  for (const secret of [key, token, lease]) expect(line).not.toContain(secret.slice(-24));
  expect(line).toContain("cmk_0123456789_[Redacted]");
});
