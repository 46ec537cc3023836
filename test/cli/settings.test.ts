import { mkdtempSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { refusal, ScriptedServer } from "./fake.ts";
import { type } from "./terminal.ts";

/** A server that notes the key of each call. */
async function keyServer() {
  const keys: (string | null)[] = [];
  const server = await new ScriptedServer({
    locks: {
      check: (_, call) => {
        keys.push(call.requestHeader.get("x-api-key"));
        return { available: true, environments: [] };
      },
    },
  }).start();
  return { server, keys };
}

test("address and key come from CALL_ME_URL and CALL_ME_API_KEY, or from the original's HOST and API_KEY", async () => {
  const { server, keys } = await keyServer();
  await using _ = server;
  await type(["check", "uat"], { CALL_ME_URL: server.url, CALL_ME_API_KEY: "new", API_KEY: "old" });
  await type(["check", "uat"], { HOST: server.url.replace("http://", ""), API_KEY: "old" });
  await type(["check", "uat", "--url", server.url], { CALL_ME_URL: "http://127.0.0.1:1", CALL_ME_LEASE_TOKEN: "cml_x" });
  await type(["check", "uat"], { CALL_ME_URL: `${server.url}/` });
  expect(keys).toEqual(["new", "old", "cml_x", null]);
});

test("the key can come from a file or from stdin", async () => {
  const { server, keys } = await keyServer();
  await using _ = server;
  const file = path.join(mkdtempSync(path.join(os.tmpdir(), "call-me-")), "key");
  writeFileSync(file, "from-file\n");
  await type(["check", "uat", "--url", server.url, "--key-file", file]);
  await type(["check", "uat", "--url", server.url, "--key-file", "-"], { API_KEY: "other" }, { stdin: "from-stdin\n" });
  expect(keys).toEqual(["from-file", "from-stdin"]);
});

test.each([
  [["--url", "uat"], {}, /--url "uat" is no http\(s\) address/],
  [[], { CALL_ME_URL: "ftp://x" }, /CALL_ME_URL "ftp:\/\/x" is no http\(s\) address/],
  [["--key-file", "/nowhere/key"], {}, /cannot read the key file \/nowhere\/key/],
  [[], { CALL_ME_API_KEY: "two words" }, /CALL_ME_API_KEY must be one line of visible ASCII/],
  [[], { API_KEY: "a\r\nx-evil: 1" }, /API_KEY must be one line/],
])("a bad setting ends with 3 and is named: %j %j", async (args, env, words) => {
  const { code, stderr } = await type(["check", "uat", ...args], env as Record<string, string>);
  expect(code).toBe(3);
  expect(stderr).toMatch(words);
});

test("a key that the server does not accept ends with 3 and the remedy", async () => {
  const check = () => {
    throw refusal(Code.Unauthenticated, "WRONG_KEY", "incorrect api key");
  };
  await using server = await new ScriptedServer({ locks: { check } }).start();
  const { code, stderr } = await type(["check", "uat"], { CALL_ME_URL: server.url });
  expect(code).toBe(3);
  expect(stderr).toMatch(/does not accept the key: incorrect api key\. Set CALL_ME_API_KEY/);
});

test("a server that is not there ends with 1, its address and the remedy", async () => {
  const { code, stderr } = await type(["check", "uat", "--url", "http://127.0.0.1:1"]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/no answer from http:\/\/127\.0\.0\.1:1: .*Set CALL_ME_URL/);
});
