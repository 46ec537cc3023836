// TLS with a certificate of our own making.
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { curl, post } from "./curl.ts";
import { Server } from "./server.ts";

let directory: string;
let cert: string;
let server: Server;

beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), "call-me-tls-"));
  cert = path.join(directory, "cert.pem");
  const key = path.join(directory, "key.pem");
  const subject = ["-subj", "/CN=call-me", "-addext", "subjectAltName=IP:127.0.0.1"];
  const make = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"];
  await promisify(execFile)("openssl", [...make, ...subject, "-keyout", key, "-out", cert]);
  server = await Server.start({ CALL_ME_TLS_CERT: cert, CALL_ME_TLS_KEY: key });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

test.each([
  ["HTTP/1.1", "--http1.1"],
  ["HTTP/2", "--http2"],
])("%s works over TLS", async (version, option) => {
  const answer = await post(server, "LockService/Check", { environment: "uat" }, ["--cacert", cert, option, "-w", "HTTP/%{http_version}"]);
  expect(answer.status).toBe(200);
  expect(answer.body).toMatch(new RegExp(`"available":true.*${version}`));
});

test("there is no clear text beside it", async () => {
  await expect(curl([`http://127.0.0.1:${server.port}/healthz`])).rejects.toThrow("curl ended with");
});
