// The authorities and certificates of clients: the command line's, and the TypeScript client's below it.
import { mkdtempSync, writeFileSync } from "node:fs";
import { rename, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Client } from "../../clients/ts/src/client.ts";
import { Authority, hours, type Pair } from "../authority.ts";
import { eventually } from "../outside/eventually.ts";
import { Server } from "../outside/server.ts";
import { type } from "./terminal.ts";

const folder = mkdtempSync(path.join(os.tmpdir(), "call-me-cli-tls-"));
const at = (name: string) => path.join(folder, name);
const [authority, clients] = [new Authority("servers"), new Authority("clients")];
const issue = (until?: Date) => clients.issue({ names: ["URI:spiffe://example.com/runner"], use: "client", ...(until && { until }) });

function place(name: string, { cert, key }: Pair): { readonly cert: string; readonly key: string } {
  writeFileSync(at(`${name}.pem`), cert);
  writeFileSync(at(`${name}-key.pem`), key);
  return { cert: at(`${name}.pem`), key: at(`${name}-key.pem`) };
}

const own = place("server", authority.issue({ names: ["IP:127.0.0.1"], use: "server" }));
const good = place("client", issue());
const stranger = place("stranger", authority.issue({ use: "client" }));
writeFileSync(at("ca.pem"), authority.cert);
writeFileSync(at("clients.pem"), clients.cert);
const SECURE = { CALL_ME_TLS_CERT: own.cert, CALL_ME_TLS_KEY: own.key };
const DEMANDING = { ...SECURE, CALL_ME_TLS_CLIENT_CA: at("clients.pem"), CALL_ME_TLS_CLIENT: "required", CALL_ME_LOG_LEVEL: "debug" };

let secure: Server;
let demanding: Server;
beforeAll(async () => {
  [secure, demanding] = await Promise.all([Server.start(SECURE), Server.start(DEMANDING)]);
});
afterAll(async () => {
  await Promise.all([secure[Symbol.asyncDispose](), demanding[Symbol.asyncDispose]()]);
  await rm(folder, { recursive: true });
});

/** Doctor gives each of its looks so long, the others a server that does not answer. */
const patience = (args: string[]) => ({ pace: { patience: args[0] === "doctor" ? 15_000 : 500 } });
const call = (args: string[], { url, key }: Server, env: Record<string, string>) =>
  type(args, { CALL_ME_URL: url, CALL_ME_API_KEY: key, ...env }, patience(args));
const CA = { CALL_ME_CA: at("ca.pem") };
const shows = ({ cert, key }: { readonly cert: string; readonly key: string }) => ({ CALL_ME_CLIENT_CERT: cert, CALL_ME_CLIENT_KEY: key });

test("CALL_ME_CA names the authority of the server's certificate", async () => {
  expect(await call(["check", "uat"], secure, CA)).toMatchObject({ code: 0, stderr: "" });
  expect((await call(["check", "uat"], secure, {})).stderr).toMatch(/is not accepted: .*Name its authority's in CALL_ME_CA, or correct/);
  expect((await call(["check", "uat"], secure, { CALL_ME_CA: at("clients.pem") })).stderr).toMatch(/is not accepted/);
});

test("CALL_ME_CLIENT_CERT and CALL_ME_CLIENT_KEY open a server that demands a certificate", async () => {
  expect(await call(["check", "uat"], demanding, { ...CA, ...shows(good) })).toMatchObject({ code: 0, stderr: "" });
  for (const env of [{}, shows(stranger)]) {
    const { code, stderr } = await call(["check", "uat"], demanding, { ...CA, ...env });
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/hung up .*name one that it accepts in CALL_ME_CLIENT_CERT/),
    });
  }
});

test("doctor looks with the same files", async () => {
  const { code, stdout } = await call(["doctor"], demanding, { ...CA, ...shows(good) });
  expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^ok +http2 +a gRPC call gets through$/m) });
  expect((await call(["doctor"], demanding, CA)).stdout).toMatch(/^fail +reach .*CALL_ME_CLIENT_CERT and CALL_ME_CLIENT_KEY$/m);
});

test("without a key the certificate says who we are, and what is wrong is told of it", async () => {
  const rules = `certificates: [{ name: runners, san: { uri: "spiffe://example.com/*" }, grants: { role: USE, patterns: uat } }]`;
  writeFileSync(at("access.yaml"), rules);
  await using server = await Server.start({ ...SECURE, CALL_ME_TLS_CLIENT_CA: at("clients.pem"), CALL_ME_ACCESS: at("access.yaml") });
  const as = (args: string[], shown: typeof good) => type(args, { CALL_ME_URL: server.url, ...CA, ...shows(shown) }, patience(args));
  expect((await as(["whoami"], good)).stdout).toMatch(/^cert:runners:spiffe:\/\/example.com\/runner \(.*\), by a client certificate$/m);
  expect((await as(["acquire", "other", "--detach"], good)).stderr).toMatch(/^call-me: this certificate may not do that: cert:runners:/m);
  const { code, stderr } = await as(["check", "uat"], stranger);
  expect(code).toBe(3);
  expect(stderr).toMatch(
    /does not accept the certificate \S+stranger\.pem; its log says why\. Correct CALL_ME_CLIENT_CERT, set CALL_ME_API_KEY/,
  );
  const doctor = (await as(["doctor"], good)).stdout;
  expect(doctor).toMatch(/^ok +key +cert:runners:/m);
  expect(doctor).toMatch(/^skip +stream +not checked: we may see no environment to watch$/m);
  expect((await as(["doctor"], stranger)).stdout).toMatch(/^fail +key .*what is wrong with the certificate \S+stranger\.pem$/m);
});

test.each<[Record<string, string>, RegExp]>([
  [{ CALL_ME_CA: "/nowhere.pem" }, /CALL_ME_CA is \/nowhere\.pem, which cannot be read: ENOENT/],
  [{ CALL_ME_CA: good.key }, /CALL_ME_CA is \S+, which has no certificate in PEM/],
  [{ CALL_ME_CLIENT_CERT: good.cert }, /CALL_ME_CLIENT_CERT and CALL_ME_CLIENT_KEY go together/],
  [
    { ...CA, CALL_ME_CLIENT_CERT: good.cert, CALL_ME_CLIENT_KEY: own.key },
    /^call-me: CALL_ME_CLIENT_CERT \S+ and CALL_ME_CLIENT_KEY \S+ cannot be used: .*mismatch/,
  ],
])("%j ends a command with 3", async (env, words) => {
  const { code, stderr } = await call(["check", "uat"], secure, env);
  expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringMatching(words) });
});

test("a lease is held on when the client's certificate has ended and its files were replaced, whole or not at first", async () => {
  const brief = place("brief", issue(hours(4 / 3_600)));
  const { url, key } = demanding;
  const client = new Client({ url, key, tls: { ca: at("ca.pem"), ...brief } });
  const ended = () => demanding.log.some(({ msg }) => msg === "cut off connections whose certificates have ended");
  await client.hold("uat", { ttl: "10s" }, async (lease) => {
    const next = issue();
    await writeFile(`${brief.cert}.new`, next.cert);
    await rename(`${brief.cert}.new`, brief.cert);
    await lease.tell({ written: "half" });
    await writeFile(brief.key, next.key);
    await eventually(ended);
    await lease.tell({ written: "whole" });
  });
});
