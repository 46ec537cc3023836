// TLS with certificates of our own making, and new ones while the server runs.
import { once } from "node:events";
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { connect as connectHttp2 } from "node:http2";
import os from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Authority, hours, type Pair } from "../authority.ts";
import { curl, post } from "./curl.ts";
import { eventually } from "./eventually.ts";
import { ERRORS, Server } from "./server.ts";

const authority = new Authority();
let folder: string;
let folders = 0;
/** Connections that are closed when all tests are over. */
const open: { destroy(): void }[] = [];
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "call-me-tls-"));
  await writeFile(path.join(folder, "ca.pem"), authority.cert);
});
afterAll(async () => {
  for (const each of open) each.destroy();
  await rm(folder, { recursive: true, force: true });
});

const forServer = (until?: Date) => authority.issue({ names: ["IP:127.0.0.1"], use: "server", ...(until && { until }) });

/** A folder with these as cert.pem and key.pem. */
async function placed({ cert, key }: Pair): Promise<string> {
  const at = path.join(folder, String(++folders));
  await mkdir(at);
  await writeFile(path.join(at, "cert.pem"), cert);
  await writeFile(path.join(at, "key.pem"), key);
  return at;
}

/** The settings of a server with the pair in a folder. */
function settings(at: string, more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { CALL_ME_TLS_CERT: path.join(at, "cert.pem"), CALL_ME_TLS_KEY: path.join(at, "key.pem"), ...more };
}

/** Replaces a file whole, by a rename. */
async function replace(file: string, content: string): Promise<void> {
  await writeFile(`${file}.new`, content);
  await rename(`${file}.new`, file);
}

/** A connection; rejects with what ends its handshake. */
async function handshake({ port }: Server, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ host: "127.0.0.1", port, ca: authority.cert, ...options });
  open.push(socket);
  await new Promise((resolve, reject) => socket.once("secureConnect", resolve).once("error", reject));
  socket.on("error", () => undefined);
  return socket;
}

/** The certificate that a new connection is shown, in PEM. */
async function shown(server: Server): Promise<string | undefined> {
  return (await handshake(server)).getPeerX509Certificate()?.toString();
}

const said = (server: Server, words: RegExp) => server.log.filter(({ msg }) => words.test(msg));
const RENEWED = /new connections get the new certificate/;
const KEPT = /the certificate stays as it was/;

describe("a server with a certificate", () => {
  let server: Server;
  beforeAll(async () => {
    server = await Server.start(settings(await placed(forServer())));
  });
  afterAll(() => server[Symbol.asyncDispose]());

  test.each([
    ["HTTP/1.1", "--http1.1"],
    ["HTTP/2", "--http2"],
  ])("speaks %s", async (version, option) => {
    const trust = ["--cacert", path.join(folder, "ca.pem"), option, "-w", "HTTP/%{http_version}"];
    const answer = await post(server, "LockService/Check", { environment: "uat" }, trust);
    expect(answer.status).toBe(200);
    expect(answer.body).toMatch(new RegExp(`"available":true.*${version}`));
  });

  test("speaks no clear text beside it", async () => {
    await expect(curl([`http://127.0.0.1:${server.port}/healthz`])).rejects.toThrow("curl ended with");
  });

  test("speaks TLS 1.2 and 1.3, and nothing older", async () => {
    const old = { minVersion: "TLSv1.1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" } as const;
    await expect(handshake(server, old)).rejects.toThrow(/protocol version/);
    for (const version of ["TLSv1.2", "TLSv1.3"] as const)
      expect((await handshake(server, { minVersion: version, maxVersion: version })).getProtocol()).toBe(version);
  });

  test("takes no cipher without forward secrecy", async () => {
    const weak = { maxVersion: "TLSv1.2", ciphers: "ECDHE-ECDSA-AES128-SHA:AES128-GCM-SHA256:@SECLEVEL=0" } as const;
    await expect(handshake(server, weak)).rejects.toThrow(/handshake failure/);
  });

  test("lets nobody negotiate anew on an open connection", async () => {
    const socket = await handshake(server, { maxVersion: "TLSv1.2" });
    const refused = once(socket, "error");
    socket.renegotiate({}, () => undefined);
    expect(await refused).toMatchObject([{ message: expect.stringMatching(/no renegotiation/) }]);
  });
});

test("with CALL_ME_TLS_MIN=1.3 it speaks no TLS 1.2", async () => {
  await using server = await Server.start(settings(await placed(forServer()), { CALL_ME_TLS_MIN: "1.3" }));
  await expect(handshake(server, { maxVersion: "TLSv1.2" })).rejects.toThrow(/protocol version/);
  expect((await handshake(server)).getProtocol()).toBe("TLSv1.3");
});

// At the same time: each waits for looks at the files, which are seconds apart.
describe.concurrent("a new certificate", () => {
  test("is taken at SIGHUP; connections that are open go on", async () => {
    const [old, renewed] = [forServer(), forServer()];
    const at = await placed(old);
    await using server = await Server.start(settings(at));
    const session = connectHttp2(server.url, { ca: authority.cert });
    open.push(session);
    expect(await text(session.request({ ":path": "/healthz" }))).toContain("ok");
    await replace(path.join(at, "key.pem"), renewed.key);
    await replace(path.join(at, "cert.pem"), renewed.cert);
    server.signal("SIGHUP");
    await eventually(() => said(server, RENEWED).length > 0);
    expect(await shown(server)).toBe(renewed.cert);
    expect(await text(session.request({ ":path": "/healthz" }))).toContain("ok");
    server.signal("SIGHUP");
    await eventually(() => said(server, /the certificate and its key are as they were/).length > 0);
    expect(server.complaints).toEqual([]);
  });

  test("is taken by itself when the files were renamed, also to what one of them was before", async () => {
    const [old, renewed] = [forServer(), forServer()];
    const at = await placed(old);
    await using server = await Server.start(settings(at));
    for (const [index, { key, cert }] of [renewed, old].entries()) {
      await replace(path.join(at, "key.pem"), key);
      await replace(path.join(at, "cert.pem"), cert);
      await eventually(() => said(server, RENEWED).length > index);
      expect(await shown(server)).toBe(cert);
    }
    expect(server.complaints).toEqual([]);
  });

  test("is taken by itself when a link leads to another folder, as Kubernetes does it", async () => {
    const [first, second] = [forServer(), forServer()];
    const mount = path.join(folder, `mount-${++folders}`);
    await mkdir(mount);
    await symlink(await placed(first), path.join(mount, "..data"));
    for (const name of ["cert.pem", "key.pem"]) await symlink(path.join("..data", name), path.join(mount, name));
    await using server = await Server.start(settings(mount));
    expect(await shown(server)).toBe(first.cert);
    await symlink(await placed(second), path.join(mount, "..data_tmp"));
    await rename(path.join(mount, "..data_tmp"), path.join(mount, "..data"));
    await eventually(() => said(server, RENEWED).length > 0);
    expect(await shown(server)).toBe(second.cert);
  });

  test.each<[string, (renewed: Pair) => Readonly<Record<string, string | undefined>>, RegExp]>([
    [
      "whose key is another's",
      ({ cert }) => ({ "cert.pem": cert }),
      /CALL_ME_TLS_CERT \S+ and CALL_ME_TLS_KEY \S+ cannot be used: .*mismatch/,
    ],
    ["that is half written", ({ cert, key }) => ({ "key.pem": key, "cert.pem": cert.slice(0, 300) }), /cannot be used/],
    ["that is empty", () => ({ "cert.pem": "" }), /cannot be used/],
    ["that is gone", () => ({ "cert.pem": undefined }), /CALL_ME_TLS_CERT is \S+, which cannot be read: ENOENT/],
  ])("%s: the old one stays, which is said once, and a whole pair is taken", async (_, written, why) => {
    const [old, renewed] = [forServer(), forServer()];
    const at = await placed(old);
    await using server = await Server.start(settings(at));
    for (const [name, content] of Object.entries(written(renewed)))
      await (content === undefined ? rm(path.join(at, name)) : writeFile(path.join(at, name), content));
    await eventually(() => said(server, KEPT).length > 0);
    expect(said(server, KEPT)[0]?.msg).toMatch(why);
    expect(await shown(server)).toBe(old.cert);
    server.signal("SIGHUP");
    await eventually(() => said(server, KEPT).length > 1);
    await replace(path.join(at, "key.pem"), renewed.key);
    await replace(path.join(at, "cert.pem"), renewed.cert);
    await eventually(() => said(server, RENEWED).length > 0);
    expect(await shown(server)).toBe(renewed.cert);
    expect(said(server, KEPT)).toHaveLength(2);
  });
});

test("the clients' CA is renewed like the certificate, and one without any certificate is refused", async () => {
  const [first, second] = [new Authority("first"), new Authority("second")];
  const at = await placed(forServer());
  const ca = path.join(at, "ca.pem");
  await writeFile(ca, first.cert);
  const clients = { CALL_ME_TLS_CLIENT_CA: ca, CALL_ME_TLS_CLIENT: "required" };
  await using server = await Server.start(settings(at, clients));
  const health = async (by: Authority) => {
    const session = connectHttp2(server.url, { ca: authority.cert, ...by.issue({ use: "client" }) });
    open.push(session);
    session.on("error", () => undefined);
    return (await text(session.request({ ":path": "/healthz" })).catch(() => "")).includes("ok");
  };
  expect([await health(first), await health(second)]).toEqual([true, false]);
  await writeFile(ca, second.cert);
  server.signal("SIGHUP");
  await eventually(() => said(server, RENEWED).length > 0);
  expect([await health(first), await health(second)]).toEqual([false, true]);
  await writeFile(ca, "no certificate");
  server.signal("SIGHUP");
  await eventually(() => said(server, KEPT).length > 0);
  expect(said(server, KEPT)[0]?.msg).toMatch(/CALL_ME_TLS_CLIENT_CA is \S+ca\.pem, which cannot be used: it has no certificate in PEM/);
  expect(await health(second)).toBe(true);
});

describe("the end of a certificate", () => {
  test("is said ahead of it, and not again at each look", async () => {
    const at = await placed(authority.issue({ names: ["IP:127.0.0.1"], from: hours(-100), until: hours(20) }));
    await using server = await Server.start(settings(at));
    await expect
      .poll(() => server.complaints)
      .toMatchObject([{ level: "warn", msg: expect.stringMatching(/cert\.pem ends in (19|20) h, at 20\S+Z: replace it/) }]);
    await replace(path.join(at, "cert.pem"), "");
    await eventually(() => said(server, KEPT).length > 0);
    expect(said(server, /ends in/)).toHaveLength(1);
  });

  test("that is over is an error, and stops nobody else's connections", async () => {
    await using server = await Server.start(settings(await placed(forServer(hours(-0.5)))));
    await expect
      .poll(() => server.complaints)
      .toMatchObject([{ level: "error", msg: expect.stringMatching(/cert\.pem has ended at 20\S+Z: replace it/) }]);
    await expect(handshake(server)).rejects.toThrow("certificate has expired");
    expect((await handshake(server, { rejectUnauthorized: false })).getProtocol()).toBe("TLSv1.3");
  });

  test("of one that is not good yet its beginning is said", async () => {
    const at = await placed(authority.issue({ names: ["IP:127.0.0.1"], from: hours(1), until: hours(1_000) }));
    await using server = await Server.start(settings(at));
    await expect
      .poll(() => server.complaints)
      .toMatchObject([{ level: "error", msg: expect.stringMatching(/cert\.pem is good only from 20\S+Z on/) }]);
  });
});

describe("settings that do not fit together stop the start", () => {
  test.each<[Record<string, string>, RegExp]>([
    [{ CALL_ME_TLS: "required" }, /CALL_ME_TLS is required: give CALL_ME_TLS_CERT and CALL_ME_TLS_KEY/],
    [{ CALL_ME_TLS: "yes" }, /CALL_ME_TLS is "yes"; give required or off/],
    [{ CALL_ME_TLS: "off", CALL_ME_TLS_CERT: "/c", CALL_ME_TLS_KEY: "/k" }, /CALL_ME_TLS is off, and CALL_ME_TLS_CERT is \/c/],
    [{ CALL_ME_TLS_CERT: "/c" }, /CALL_ME_TLS_CERT and CALL_ME_TLS_KEY go together/],
    [{ CALL_ME_TLS_KEY: "/k" }, /CALL_ME_TLS_CERT and CALL_ME_TLS_KEY go together/],
    [{ CALL_ME_TLS_CERT: "/c", CALL_ME_TLS_KEY: "/k" }, /CALL_ME_TLS_CERT is \/c, which cannot be read: ENOENT/],
    [{ CALL_ME_TLS_CERT: "/dev/zero", CALL_ME_TLS_KEY: "/dev/zero" }, /CALL_ME_TLS_CERT is \/dev\/zero, .*no file of at most 1024 KiB/],
    [{ CALL_ME_TLS_CLIENT_CA: "/ca" }, /CALL_ME_TLS_CLIENT_CA is \/ca, and there is no TLS/],
    [{ CALL_ME_TLS_CLIENT: "required" }, /CALL_ME_TLS_CLIENT is required, and there is no CALL_ME_TLS_CLIENT_CA/],
    [{ CALL_ME_TLS_CLIENT: "yes" }, /CALL_ME_TLS_CLIENT is "yes"; give required or optional/],
    [{ CALL_ME_TLS_MIN: "1.1" }, /CALL_ME_TLS_MIN is "1\.1"; give 1\.2 or 1\.3/],
    [{ CALL_ME_TLS_MIN: "1.3" }, /CALL_ME_TLS_MIN is 1\.3, and there is no TLS/],
  ])("%j", async (env, words) => {
    await expect(Server.start(env)).rejects.toThrow(/ended with 78/);
    await expect(Server.start(env)).rejects.toThrow(words);
  });
});

test("clear text or a short API_KEY that others than this machine can reach is said at the start, unless clear text is wanted", async () => {
  const everywhere = { CALL_ME_BIND: "0.0.0.0" };
  await using said = await Server.start(everywhere);
  // Warnings of a start come after its being ready.
  await eventually(() => said.complaints.length > 0);
  expect(said.complaints).toMatchObject([
    { level: "warn", msg: expect.stringMatching(/in clear text.*CALL_ME_TLS_CERT/), host: "0.0.0.0" },
  ]);
  await using wanted = await Server.start({ ...everywhere, CALL_ME_TLS: "off" });
  await using guessable = await Server.start({ ...everywhere, CALL_ME_TLS: "off", API_KEY: "crj" });
  await eventually(() => guessable.complaints.length > 0);
  expect(guessable.complaints).toMatchObject([{ level: "warn", msg: expect.stringMatching(/API_KEY.*can be guessed/), host: "0.0.0.0" }]);
  await using alone = await Server.start({ API_KEY: "crj" });
  expect(alone.complaints).toEqual([]);
  expect(wanted.complaints).toEqual([]);
  await using secure = await Server.start({ ...everywhere, ...settings(await placed(forServer())), CALL_ME_TLS: "required" });
  expect(secure.complaints).toEqual([]);
  expect(secure.log.filter(({ level }) => ERRORS.includes(level))).toEqual([]);
});
