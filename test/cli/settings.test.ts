import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { oddities } from "../../cli/variables.ts";
import { Server } from "../outside/server.ts";
import { BIN } from "../packed.ts";
import { refusal, ScriptedServer } from "./scripted.ts";
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

test("HOST may have a scheme, and a line break at its end; a machine's bare name is not meant", async () => {
  const { server, keys } = await keyServer();
  await using _ = server;
  expect((await type(["check", "uat"], { HOST: server.url, API_KEY: "scheme" })).code).toBe(0);
  expect((await type(["check", "uat"], { HOST: `${server.url.replace("http://", "")}\r`, API_KEY: "break" })).code).toBe(0);
  expect((await type(["check", "uat"], { HOST: `${server.url}\r\n`, API_KEY: "both" })).code).toBe(0);
  expect(keys).toEqual(["scheme", "break", "both"]);
});

test("in a command of exec the lease_token comes before an API_KEY, which is one to something else", async () => {
  const { server, keys } = await keyServer();
  await using _ = server;
  const env = { CALL_ME_URL: server.url, CALL_ME_EXEC: "1", API_KEY: "other", CALL_ME_LEASE_TOKEN: "cml_x" };
  await type(["check", "uat"], env);
  await type(["check", "uat"], { ...env, CALL_ME_API_KEY: "given" });
  expect(keys).toEqual(["cml_x", "given"]);
});

test("settings that nobody knows, or that have a control character in them, are told once, and nothing else is", async () => {
  const { server } = await keyServer();
  await using _ = server;
  const known = {
    CALL_ME_URL: server.url,
    CALL_ME_API_KEY: "key\n",
    CALL_ME_LEASE_ID: "L1",
    CALL_ME_LEASE_TOKEN: "cml_x",
    CALL_ME_ENVIRONMENT: "uat",
    CALL_ME_FENCING_TOKEN: "7",
    CALL_ME_EXEC: "1",
    CALL_ME_VAR_HOSTS: "a\nb",
    CALL_ME_SECRET_DB: "s\n",
    CALL_ME_STORE: "sqlite:x.db",
    // As Kubernetes names a Service `call-me`, and one `call-me-server`.
    CALL_ME_SERVICE_HOST: "10.0.0.1",
    CALL_ME_SERVICE_PORT_HTTP: "8000",
    CALL_ME_PORT_8000_TCP_ADDR: "10.0.0.1",
    CALL_ME_SERVER_PORT: "tcp://10.0.0.1:8000",
  };
  expect((await type(["check", "uat"], known)).stderr).toBe("");
  const { code, stderr } = await type(["check", "uat"], { ...known, CALL_ME_URLS: "x", CALL_ME_FROBNICATE: "x", CALL_ME_JOB: "e2e\r" });
  expect(code).toBe(0);
  expect(stderr.trimEnd().split("\n")).toEqual([
    expect.stringMatching(/^call-me: CALL_ME_URLS is no setting of call-me; did you mean CALL_ME_URL\?$/),
    expect.stringMatching(/^call-me: CALL_ME_FROBNICATE is no setting of call-me; docs\/cli.md and/),
    expect.stringMatching(/^call-me: CALL_ME_JOB has a control character in it: "e2e\\r"$/),
  ]);
});

test.each([
  [{ CALL_ME_AUTO_CRATE: "off" }, "CALL_ME_AUTO_CRATE is no setting of call-me; did you mean CALL_ME_AUTO_CREATE?"],
  [{ CALL_ME_STORE: "sqlite:nowhere.db\r" }, 'CALL_ME_STORE has a control character in it: "sqlite:nowhere.db\\r"'],
])("serve ends with 78 at a setting like %j, and names it", async (env, words) => {
  await expect(Server.start(env)).rejects.toThrow(`ended with 78 before it was ready:\ncall-me serve: ${words}`);
});

test.each(["src/config.ts", "docs/operating.md", "docs/cli.md", "clients/README.md", "integrations/plain/with-lock.sh"])(
  "the command line knows every setting in %s",
  (file) => {
    const names = readFileSync(file, "utf8").match(/CALL_ME_[A-Z]\w*/g) ?? [];
    expect(names).not.toEqual([]);
    expect(oddities(Object.fromEntries(names.map((name) => [name, "x"])))).toEqual([]);
  },
);

test("a server that speaks clear text where TLS is asked for, the other way round, and one whose certificate is not trusted, are told as that", async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "call-me-tls-"));
  const [CALL_ME_TLS_CERT, CALL_ME_TLS_KEY] = [path.join(folder, "cert.pem"), path.join(folder, "key.pem")];
  const subject = ["-subj", "/CN=localhost", "-days", "2"];
  execFileSync(
    "openssl",
    ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", CALL_ME_TLS_KEY, "-out", CALL_ME_TLS_CERT, ...subject],
    {
      stdio: "ignore",
    },
  );
  await using clear = await Server.start();
  await using secure = await Server.start({ CALL_ME_TLS_CERT, CALL_ME_TLS_KEY });
  const check = async (CALL_ME_URL: string) => await type(["check", "uat"], { CALL_ME_URL }, { pace: { patience: 1 } });
  expect((await check(clear.url.replace("http:", "https:"))).stderr).toMatch(
    /^call-me: https:\S+ speaks clear text: set CALL_ME_URL, .* http:\/\//,
  );
  expect((await check(secure.url.replace("https:", "http:"))).stderr).toMatch(
    /^call-me: http:\S+ hung up .*speaks TLS, set CALL_ME_URL, .* https:\/\//,
  );
  expect((await check(secure.url)).stderr).toMatch(
    /^call-me: the certificate of https:\S+ is not accepted: .*CALL_ME_CA, or correct CALL_ME_URL$/m,
  );
});

test.each([["check", "uat"], ["doctor"]])("no proxy of the environment is used: %s", async (...args) => {
  await using server = await Server.start();
  const proxies = { HTTP_PROXY: "http://127.0.0.1:1", http_proxy: "http://127.0.0.1:1", NODE_USE_ENV_PROXY: "1" };
  const env = { PATH: process.env["PATH"], CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key, ...proxies };
  const child = spawn(process.execPath, [BIN, ...args], { env, stdio: "ignore" });
  expect(await once(child, "exit")).toEqual([0, null]);
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
  [[], { CALL_ME_URL: "http://a\nb:8000" }, /CALL_ME_URL "http:\/\/a\\nb:8000" is no http\(s\) address/],
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
