// What the tests of the door share: an opened door, and clients down to the byte.
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type ClientHttp2Session, connect as connectHttp2, type IncomingHttpHeaders } from "node:http2";
import { connect, type Socket } from "node:net";
import os from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { connect as connectTls } from "node:tls";
import { onTestFinished } from "vitest";
import type { DoorLimits } from "../../src/rpc/http/door/limits.ts";
import { type Handle, type Listening, type ListenOptions, listen } from "../../src/rpc/http/listen.ts";

/** Times short enough for a test, and a sweep to match. */
export const SHORT: Partial<DoorLimits> = { sweepInterval: 10 };

export const hello: Handle = (_req, res) => {
  res.end("hello");
};

const silent = { warn: () => undefined, debug: () => undefined };

/** A door on a free port, closed when the test ends. */
export async function openDoor(handle: Handle, options: Partial<ListenOptions> = {}): Promise<Listening & { url: string }> {
  const door = await listen({ host: "127.0.0.1", port: 0, handle, log: silent, ...options });
  onTestFinished(() => door.drain(0));
  const url = `${options.tls === undefined ? "http" : "https"}://127.0.0.1:${door.port}`;
  return { host: door.host, port: door.port, url, renew: (tls) => door.renew(tls), drain: (graceMs) => door.drain(graceMs) };
}

/** A certificate of our own for 127.0.0.1 and localhost; undefined where there is no openssl to make it. */
export const certificate = (() => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "call-me-tls-"));
  const [key, cert] = [path.join(folder, "key.pem"), path.join(folder, "cert.pem")];
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"];
  try {
    execFileSync("openssl", ["req", "-x509", ...kind, ...names, "-keyout", key, "-out", cert], { stdio: "ignore" });
    return { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") };
  } catch {
    process.stderr.write("SKIPPED: the TLS tests of the door, because there is no openssl to make a certificate with\n");
    return undefined;
  } finally {
    rmSync(folder, { recursive: true });
  }
})();

/** The value; throws where there is none. */
export function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("there is none");
  return value;
}

/** TLS over a bare connection. */
export async function openTlsSocket(wire: Socket, protocol: "h2" | "http/1.1"): Promise<Socket> {
  const socket = connectTls({ socket: wire, ca: must(certificate).cert, ALPNProtocols: [protocol] });
  socket.on("error", () => undefined);
  onTestFinished(() => void socket.destroy());
  await once(socket, "secureConnect");
  return socket;
}

/** A bare connection; what it sends and reads is up to the test. `allowHalfOpen`: it does not close when the server does. */
export async function openSocket(port: number, allowHalfOpen = false): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port, allowHalfOpen });
  socket.on("error", () => undefined);
  onTestFinished(() => void socket.destroy());
  await once(socket, "connect");
  return socket;
}

/** Sends `bytes` one by one, for as long as the other side listens. */
export function drip(socket: Socket, bytes: Buffer | string): void {
  const all = Buffer.from(bytes);
  let next = 0;
  const timer = setInterval(() => {
    if (next < all.length) socket.write(all.subarray(next, ++next));
  }, 5);
  socket.once("close", () => clearInterval(timer));
}

/** Resolves when the server has closed the connection. */
export async function gone(socket: Socket): Promise<void> {
  socket.resume();
  if (!socket.closed) await new Promise((resolve) => socket.once("close", resolve));
}

/** A session of Node's own HTTP/2 client. */
export async function openSession(url: string, options: { ca?: string } = {}): Promise<ClientHttp2Session> {
  const session = connectHttp2(url, options);
  session.on("error", () => undefined);
  onTestFinished(() => session.destroy());
  await once(session, "connect");
  return session;
}

/** One GET on a session. */
export async function getHttp2(session: ClientHttp2Session, path = "/"): Promise<{ status: number | undefined; body: string }> {
  const stream = session.request({ ":path": path });
  const [[headers], body] = await Promise.all([once(stream, "response") as Promise<[IncomingHttpHeaders]>, text(stream)]);
  return { status: headers[":status"] as number | undefined, body };
}
