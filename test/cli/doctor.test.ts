import { execFileSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Role } from "../../gen/ts/callme/v1/access_service_pb.ts";
import { clientsOf } from "../outside/clients.ts";
import { Server } from "../outside/server.ts";
import { type } from "./terminal.ts";

let server: Server;

beforeAll(async () => {
  server = await Server.start();
});

afterAll(() => server[Symbol.asyncDispose]());

async function examined(url: string, ...args: string[]) {
  const env = { CALL_ME_URL: url, CALL_ME_API_KEY: server.key };
  return await type(["doctor", ...args], env, { pace: { patience: 1_000 } });
}

/** A proxy before the server; `pass` gets each piece of an answer, and what would send it on. */
async function proxy(pass: (chunk: Buffer, answer: http.ServerResponse) => void): Promise<AsyncDisposable & { url: string }> {
  const between = http.createServer((request, answer) => {
    const options = { port: server.port, host: "127.0.0.1", path: request.url, method: request.method, headers: request.headers };
    const upstream = http.request(options, (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers);
      const streams = request.url?.includes("Watch");
      response.on("data", (chunk: Buffer) => (streams ? pass(chunk, answer) : answer.write(chunk)));
      response.on("end", () => answer.end());
      response.on("error", () => answer.destroy());
    });
    upstream.on("error", () => answer.destroy());
    answer.on("close", () => upstream.destroy());
    request.pipe(upstream);
  });
  await new Promise<void>((resolve) => between.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(between.address() as AddressInfo).port}`;
  return {
    url,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => between.close(resolve));
      between.closeAllConnections();
      await closed;
    },
  };
}

test("a healthy server passes every check", async () => {
  const { code, stdout, stderr } = await examined(server.url);
  expect(stdout.match(/^\S+ +\S+/gm)).toEqual([
    ...["dns", "tls", "reach", "ready", "version", "key", "http2", "stream", "clock"].map((check) => `ok    ${check}`),
    "skip  long",
  ]);
  expect(stdout).toMatch(/^ok {4}clock +the server's clock agrees with ours$/m);
  expect(stdout).toMatch(/^skip {2}long +not checked: whether a call may last for minutes; --long 65s holds one open for so long$/m);
  expect({ code, stderr }).toEqual({ code: 0, stderr: `call-me: examining ${server.url}\n` });
});

test("nothing is taken or created by it", async () => {
  await examined(server.url, "--long", "1ms");
  const { stdout } = await type(["env", "list", "--json"], { CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key });
  expect(JSON.parse(stdout).environments).toEqual([]);
});

test("an address where nobody listens fails, and what was not asked for that is named", async () => {
  const { code, stdout } = await examined("http://127.0.0.1:1");
  expect(code).toBe(1);
  expect(stdout).toMatch(/^fail {2}reach +no answer: .*\. Remedy: is the server running/m);
  for (const check of ["ready", "version", "key", "http2", "stream", "clock", "long"])
    expect(stdout).toMatch(new RegExp(`^skip {2}${check} +not checked: reach failed$`, "m"));
});

test("a name that leads nowhere is told as such", async () => {
  const { code, stdout } = await examined("http://call-me.invalid");
  expect(code).toBe(1);
  expect(stdout).toMatch(/^fail {2}dns +call-me\.invalid leads nowhere/);
});

test("a wrong key is told, with where to set it", async () => {
  const env = { CALL_ME_URL: server.url, CALL_ME_API_KEY: "wrong" };
  const { code, stdout } = await type(["doctor", "--json"], env, { pace: { patience: 1_000 } });
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toContainEqual({
    check: "key",
    verdict: "fail",
    detail: expect.stringContaining("not accepted"),
    remedy: "set CALL_ME_API_KEY, or give --key-file",
  });
  for (const check of ["stream", "long"])
    expect(JSON.parse(stdout)).toContainEqual({ check, verdict: "skip", detail: "not checked: key failed", remedy: "" });
});

test("whose key it is, and what it allows, is told; and that one expires soon", async () => {
  const grants = [{ role: Role.USE, patterns: ["team-a/*"], maxLeases: 2 }];
  const { access } = clientsOf(server);
  const looked = async (ttl?: { seconds: bigint }) => {
    const { secret } = await access.createKey({ label: "team a", grants, ...(ttl && { ttl }) });
    return (await type(["doctor"], { CALL_ME_URL: server.url, CALL_ME_API_KEY: secret })).stdout;
  };
  expect(await looked()).toMatch(/^ok {4}key {6}key:\w+ \(team a\), by a key; may use team-a\/\* \(max-leases 2\)$/m);
  expect(await looked({ seconds: 86_400n })).toMatch(/^warn {2}key .*; it expires in (23 h|1 d).*Remedy: .*call-me keys create$/m);
  expect((await examined(server.url)).stdout).toMatch(/^ok {4}key {6}admin, by the server's own API_KEY; may admin \*$/m);
});

test("https where the server speaks clear text is told as such", async () => {
  const { code, stdout } = await examined(server.url.replace("http:", "https:"));
  expect(code).toBe(1);
  expect(stdout).toMatch(/^fail {2}tls +the server speaks clear text on this port\. Remedy: write http:\/\/ instead/m);
});

test("something else that listens there is not taken for call-me", async () => {
  const other = http.createServer((_, answer) => answer.writeHead(404).end("\u001b[2Jnot here"));
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const { code, stdout } = await examined(`http://127.0.0.1:${(other.address() as AddressInfo).port}`);
  other.close();
  expect(code).toBe(1);
  expect(stdout).toMatch(/^fail {2}reach +\/healthz answers 404: \[2Jnot here\. Remedy: something else listens there/m);
});

test("a proxy that collects a stream is found, and that it lets no HTTP/2 through", async () => {
  await using collecting = await proxy(() => {});
  const { code, stdout } = await examined(collecting.url);
  expect(code).toBe(1);
  expect(stdout).toMatch(/^fail {2}stream +no message of a watch came within 1 s\. Remedy: .*proxy_buffering off/m);
  expect(stdout).toMatch(/^warn {2}http2 +no gRPC: .*Remedy: gRPC clients need HTTP\/2/m);
});

test("a proxy that cuts a long call is found", async () => {
  await using cutting = await proxy((chunk, answer) => answer.write(chunk, () => answer.destroy()));
  const { code, stdout } = await examined(cutting.url, "--long", "10s");
  expect(code).toBe(1);
  expect(stdout).toMatch(/^fail {2}long +a watch was cut after \d s.*Remedy: .*proxy_read_timeout/m);
});

test("a call that lasts long enough is well", async () => {
  const { code, stdout } = await examined(server.url, "--long", "20ms");
  expect(code).toBe(0);
  expect(stdout).toMatch(/^ok {4}long +a watch lasted 0 s/m);
});

test("a certificate that nobody vouches for fails, with what to do", async () => {
  const directory = mkdtempSync(path.join(os.tmpdir(), "call-me-doctor-"));
  const [cert, key] = [path.join(directory, "cert.pem"), path.join(directory, "key.pem")];
  const subject = ["-subj", "/CN=call-me", "-addext", "subjectAltName=IP:127.0.0.1"];
  const make = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"];
  execFileSync("openssl", [...make, ...subject, "-keyout", key, "-out", cert], { stdio: "ignore" });
  await using secure = await Server.start({ CALL_ME_TLS_CERT: cert, CALL_ME_TLS_KEY: key });
  const { code, stdout } = await examined(secure.url);
  expect(code).toBe(1);
  expect(stdout).toMatch(/^fail {2}tls +the certificate is not accepted: .*Remedy: .*CALL_ME_CA/m);
});
