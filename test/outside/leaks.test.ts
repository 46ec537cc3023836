// A key or token is nowhere but in the one answer that shows it: no log, no file, no other answer, no list of processes.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import os from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import Database from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AUDIENCE, TestIssuer } from "../access/issuer.ts";
import { Authority } from "../authority.ts";
import { type } from "../cli/terminal.ts";
import { BIN } from "../packed.ts";
import { clientsOf, failureOf, TRANSPORTS, type TransportName } from "./clients.ts";
import { post } from "./curl.ts";
import { eventually } from "./eventually.ts";
import { formsOf } from "./forms.ts";
import { Server } from "./server.ts";

/** Not of our making: in a field that is stored it could not be told from other words. */
const API_KEY = "bootstrap/key+with?odd=letters&of%the:leaks";
const CONFIGURED = "value-of-a-variable-of-the-server";
/** Of the right form, and nobody's. */
const NOBODYS = ["cmk_0123456789_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvw", `cml_${crypto.randomUUID()}_${"A".repeat(43)}`];

let folder: string;
let issuer: TestIssuer;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "call-me-leaks-"));
  issuer = await TestIssuer.start();
  const rule = { name: "shop", claims: { repository_id: "1296269" }, grants: [{ role: "USE", patterns: ["*"] }] };
  const github = { provider: "github", issuer: issuer.url, jwks_uri: issuer.jwksUri, audience: AUDIENCE, rules: [rule] };
  await writeFile(path.join(folder, "access.json"), JSON.stringify({ issuers: [github] }));
});
afterAll(async () => {
  await issuer[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** What was seen, by where. */
class Seen {
  readonly #texts: [where: string, text: string][] = [];
  /** What must be in none of it; it may come up only later what there is. */
  readonly secrets = new Set<string>([API_KEY, CONFIGURED, ...NOBODYS]);

  add(where: string, what: unknown): void {
    this.#texts.push([
      where,
      typeof what === "string" ? what : JSON.stringify(what, (_, value) => (typeof value === "bigint" ? `${value}` : value)),
    ]);
  }

  get count(): number {
    return this.#texts.length;
  }

  /** Where something was found that must not be there. */
  get leaks(): string[] {
    const forms = [...this.secrets].flatMap((secret) => formsOf(secret).map((form) => ({ secret, form })));
    return this.#texts.flatMap(([where, seen]) =>
      forms.filter(({ form }) => seen.includes(form)).map(({ secret, form }) => `${where}: ${secret} as ${form}`),
    );
  }
}

async function start(more: Readonly<Record<string, string>> = {}): Promise<Server> {
  const access = { CALL_ME_ACCESS: path.join(folder, "access.json") };
  return await Server.start({ API_KEY, CALL_ME_LOG_LEVEL: "trace", CALL_ME_SECRET_ONE: CONFIGURED, ...access, ...more });
}

/** Keys and tokens of every kind, as a server gives them. */
async function given(server: Server, seen: Seen, more: readonly string[] = []): Promise<string[]> {
  const ask = async (method: string, message: object, key = API_KEY) =>
    (await post({ url: server.url, key }, method, message, more)).json() as { secret: string; leaseToken: string; key: { id: string } };
  const grants = [{ role: "ROLE_USE", patterns: ["*"] }];
  const [own, gone] = [
    await ask("AccessService/CreateKey", { label: "a team", grants }),
    await ask("AccessService/CreateKey", { label: "gone", grants }),
  ];
  const rotated = await ask("AccessService/RotateKey", { id: own.key.id });
  await ask("AccessService/RevokeKey", { id: gone.key.id });
  const lease = await ask("LockService/Acquire", { environment: "uat", ttl: "600s" }, own.secret);
  const waits = await ask("LockService/Acquire", { environment: "uat", requestId: "waits" }, rotated.secret);
  const token = await issuer.github();
  const job = await ask("LockService/Acquire", { environment: "of-a-job" }, token);
  const all = [own.secret, rotated.secret, gone.secret, lease.leaseToken, waits.leaseToken, job.leaseToken, token];
  for (const secret of [...all, await issuer.github({ aud: "another" })]) seen.secrets.add(secret);
  return [...all, ...NOBODYS];
}

/** Everything that shows something, asked with each key, and what it answers. */
async function look(server: Server, keys: readonly string[], seen: Seen, more: readonly string[] = []): Promise<void> {
  for (const key of [API_KEY, ...keys])
    for (const method of [
      "LockService/Check",
      "LockService/Renew",
      "EnvironmentService/ListEnvironments",
      "EnvironmentService/ListLeases",
      "InsightService/ListEvents",
      "InsightService/GetStats",
      "AccessService/ListKeys",
      "AccessService/WhoAmI",
      "AccessService/NoSuchMethod",
    ]) {
      const answer = await post({ url: server.url, key }, method, method.endsWith("Check") ? { environment: "uat" } : {}, more);
      seen.add(`${method} with ${key}`, [answer.headers, answer.body]);
    }
}

/** Keys where they do not belong, at the door: what is answered, and whether the line is cut, is for others to judge. */
async function misplace(server: Server, key: string): Promise<string> {
  const base64 = Buffer.from(key).toString("base64");
  const [path_, json] = [encodeURIComponent(key), "content-type: application/json"];
  const wholes = [
    `GET /watch?environment=uat&key=${path_} HTTP/1.1\r\nx-api-key: ${key}, ${key}\r\n`,
    `GET /watch?${path_}=uat HTTP/1.1\r\nx-api-key: ${API_KEY}\r\n`,
    `GET /${path_}/x HTTP/1.1\r\n`,
    `GET /callme.v1.${path_}/Check HTTP/1.1\r\n`,
    `POST /callme.v1.LockService/${path_} HTTP/1.1\r\n${json}\r\n`,
    `POST /callme.v1.LockService/Check HTTP/1.1\r\nx-api-key: ${API_KEY}\r\ncontent-type: application/${path_}\r\n`,
    `POST /maybe?environment=uat HTTP/1.1\r\nauthorization: Basic ${base64}\r\n`,
    `POST /maybe?environment=uat HTTP/1.1\r\nauthorization: Bearer Bearer ${key}\r\n`,
    `${path_} /maybe?environment=uat HTTP/1.1\r\n`,
    `GET /maybe?environment=uat HTTP/1.1\r\n${path_}: x\r\nno colon ${key}\r\n`,
    `GET /maybe?environment=uat ${key}\r\n`,
  ];
  const answers = await Promise.all(
    wholes.map(async (head) => {
      const socket = connect(server.port, "127.0.0.1");
      socket.end(`${head}host: x\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
      return await text(socket);
    }),
  );
  const session = connectHttp2(server.url);
  session.on("error", () => undefined);
  const stream = session.request(
    { ":method": "POST", ":path": `/${path_}`, [key.toLowerCase().replaceAll(/[^a-z0-9_-]/g, "")]: key },
    { endStream: true },
  );
  stream.on("error", () => undefined);
  answers.push(await text(stream));
  session.close();
  return answers.join("\n");
}

/** What is left behind: the files as they are, and a copy as a backup tool makes it. */
async function remains(server: Server, seen: Seen): Promise<void> {
  await server.stop();
  const database = new Database(path.join(server.directory, "call-me.db"));
  await database.backup(path.join(server.directory, "copy.db"));
  database.close();
  const names = await readdir(server.directory);
  expect(names).toEqual(expect.arrayContaining(["call-me.db", "copy.db"]));
  for (const name of names) seen.add(name, (await readFile(path.join(server.directory, name))).toString("latin1"));
  seen.add("the log", server.lines.join("\n"));
}

test("over TLS, keys are in nothing that is answered, logged or left behind", async () => {
  const authority = new Authority();
  const pair = authority.issue({ names: ["IP:127.0.0.1"], use: "server" });
  const [cert, key, ca] = ["cert.pem", "key.pem", "ca.pem"].map((name) => path.join(folder, name)) as [string, string, string];
  await Promise.all([writeFile(cert, pair.cert), writeFile(key, pair.key), writeFile(ca, authority.cert)]);
  await using server = await start({ CALL_ME_TLS_CERT: cert, CALL_ME_TLS_KEY: key });
  const [seen, more] = [new Seen(), ["--cacert", ca]];
  for (const line of pair.key.trim().split("\n").slice(1, -1)) seen.secrets.add(line);
  await look(server, await given(server, seen, more), seen, more);
  await remains(server, seen);
  expect(seen.leaks).toEqual([]);
});

describe("in clear text", () => {
  let server: Server;
  const seen = new Seen();
  let keys: string[];
  beforeAll(async () => {
    server = await start();
    keys = await given(server, seen);
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const FIELDS: Readonly<Record<string, (secret: string) => object>> = {
    "LockService/Acquire environment": (environment) => ({ environment }),
    "LockService/Acquire pool": (pool) => ({ environment: "new", pool }),
    "LockService/Acquire reason": (reason) => ({ environment: "new", reason }),
    "LockService/Acquire request_id": (requestId) => ({ environment: "new", requestId }),
    "LockService/Acquire supersede_key": (supersedeKey) => ({ environment: "new", supersedeKey }),
    "LockService/Acquire tags[0]": (tag) => ({ environment: "new", tags: [tag] }),
    "LockService/Acquire holder.name": (name) => ({ environment: "new", holder: { name: `key=${name}` } }),
    "LockService/Acquire holder.run_url": (token) => ({ environment: "new", holder: { runUrl: `https://ci?token=${token}` } }),
    "LockService/Release note": (note) => ({ environment: "uat", note }),
    "EnvironmentService/ApplyEnvironments environments[0].name": (name) => ({ environments: [{ name }] }),
    'EnvironmentService/ApplyEnvironments environments[0].labels["a"]': (a) => ({ environments: [{ name: "new", labels: { a } }] }),
    'EnvironmentService/ApplyEnvironments environments[0].variables["A"].value': (value) => ({
      environments: [{ name: "new", variables: { A: { value } } }],
    }),
    "EnvironmentService/ForceRelease reason": (reason) => ({ leaseId: "x", reason }),
    "AccessService/CreateKey label": (label) => ({ label, grants: [{ role: "ROLE_VIEW", patterns: ["*"] }] }),
  };

  test.each(Object.entries(FIELDS))("one in a field that others see is refused, and not repeated: %s", async (name, message) => {
    const [method = "", field = ""] = name.split(" ");
    for (const key of keys) {
      const { body, status } = await post(server, method, message(key));
      // A token of a CI job is too long for some of them.
      expect([status, body]).toEqual([400, expect.stringContaining(`"message":${JSON.stringify(`${field}: `).slice(0, -1)}`)]);
      seen.add(name, body);
    }
  });

  test("what only looks for something does not repeat it either, over any transport", async () => {
    for (const over of Object.keys(TRANSPORTS) as TransportName[]) {
      const { access, environments, locks } = clientsOf(server, over);
      for (const key of keys)
        await Promise.all(
          [
            locks.getLease({ leaseId: key }),
            locks.renew({ leaseId: key }),
            locks.release({ leaseId: "x", environment: key }),
            environments.getEnvironment({ environment: key }),
            environments.listLeases({ pageToken: key }),
            access.revokeKey({ id: key }),
          ].map(async (call) => {
            const { rawMessage, metadata, details } = await failureOf(call);
            const values = details.map((detail) => ("value" in detail ? Object.values(detail.value).map(String) : ""));
            seen.add(`an error over ${over}`, [rawMessage, [...metadata], values]);
          }),
        );
    }
  });

  test("a request that is malformed, or has it anywhere else, does not repeat it", async () => {
    for (const key of keys) {
      seen.add(`misplaced ${key}`, await misplace(server, key));
      for (const message of [`{"environment":"uat","${key}":1}`, `{"environment":${key}`, key, `{"ifBusy":"${key}"}`, `{"wait":"${key}"}`])
        seen.add(`malformed ${key}`, (await post(server, "LockService/Acquire", message)).body);
      const maybe = await fetch(`${server.url}/maybe?environment=${encodeURIComponent(key)}`, {
        method: "POST",
        headers: { "x-api-key": API_KEY },
      });
      expect(maybe.status).toBe(422);
      seen.add(`/maybe of ${key}`, await maybe.text());
    }
    // To whoever sent it an unknown word is shown; what is left behind must not have it.
    await misplace(server, API_KEY);
    await post(server, "LockService/Acquire", `{"${API_KEY}":1}`);
  });

  test("the command line says it nowhere, and what exec runs has none", async () => {
    const [key = ""] = keys;
    const env = { CALL_ME_URL: server.url, CALL_ME_API_KEY: key };
    for (const command of [
      ["whoami"],
      ["status"],
      ["check", "uat"],
      ["history"],
      ["stats"],
      ["env", "list"],
      ["keys", "list"],
      ["doctor"],
      ["queue", "uat"],
    ])
      for (const wrong of [env, { ...env, CALL_ME_API_KEY: NOBODYS[0] ?? "" }])
        for (const args of [command, [...command, "--json"]]) {
          const { stdout, stderr } = await type(args, wrong);
          seen.add(`call-me ${args.join(" ")}`, `${stdout} ${stderr}`);
        }
    const print =
      "tr '\\0' '\\n' < /proc/self/environ; echo; for file in /proc/[0-9]*/cmdline; do tr '\\0' ' ' < $file; echo; done 2>/dev/null";
    const child = spawn(process.execPath, [BIN, "exec", "of-exec", "--", "sh", "-c", print], {
      env: { PATH: process.env["PATH"], CALL_ME_LAUNCHER: "1", ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
    expect(code, err).toBe(0);
    const [environ = "", processes = ""] = out.split("\n\n");
    const token = /^CALL_ME_LEASE_TOKEN=(.+)$/m.exec(environ)?.[1] ?? "";
    expect(token).toMatch(/^cml_/);
    seen.secrets.add(token);
    seen.add("the environment of a child", environ.replace(token, ""));
    seen.add("the list of processes", processes);
    seen.add("exec", err);
  });

  test("nothing of it was seen anywhere, also not in what is left behind", async () => {
    await look(server, keys, seen);
    await eventually(() => server.log.some(({ msg }) => msg.includes("key")));
    await remains(server, seen);
    expect(seen.count).toBeGreaterThan(500);
    expect(seen.leaks).toEqual([]);
  });
});
