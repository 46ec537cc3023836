import { lookup } from "node:dns/promises";
import { once } from "node:events";
import http from "node:http";
import https from "node:https";
import { isIP } from "node:net";
import { text } from "node:stream/consumers";
import tls from "node:tls";
import { pemOf } from "../../clients/ts/src/tls.ts";
import { HUNG_UP, IN_CLEAR_TEXT, SHOW_ONE } from "../../clients/ts/src/unheard.ts";
import { AccessService } from "../../gen/ts/callme/v1/access_service_pb.ts";
import { EnvironmentService } from "../../gen/ts/callme/v1/environment_service_pb.ts";
import { InsightService } from "../../gen/ts/callme/v1/insight_service_pb.ts";
import { LockService } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { spell } from "../words/duration.ts";
import { type Check, type Finding, fail, ok, type Patient, rootOf, warn } from "./finding.ts";

const DAY = 86_400_000;
/** A certificate that ends sooner is worth a word, in ms. */
const SOON = 14 * DAY;
/** Clocks further apart than this mislead people who read times, in ms. The server's whole seconds are within it. */
const APART = 5_000;
/** Clocks nearer than this cannot be told apart, in ms: a Date's whole second, and the way of the answer. */
const AGREED = 1_000;

/** Whether the name of the server leads to an address. */
export const dns: Check = async ({ url }) => {
  const host = hostOf(url);
  if (isIP(host) !== 0) return ok(`${host} is an address`);
  try {
    const found = await lookup(host, { all: true });
    return ok(`${host} is ${found.map(({ address }) => address).join(", ")}`);
  } catch (error) {
    return fail(`${host} leads nowhere: ${rootOf(error)}`, "correct CALL_ME_URL, or this machine's DNS (a VPN, a container's network)");
  }
};

/** Whether the certificate is good, and for how long. */
export const certificate: Check = async ({ url, tls: files, patience }) => {
  const host = hostOf(url);
  if (url.protocol === "http:") {
    if (["localhost", "127.0.0.1", "::1"].includes(host)) return ok("clear text, on this machine only");
    return warn(
      "clear text: the key can be read on the way",
      "put TLS in front, or set CALL_ME_TLS_CERT and CALL_ME_TLS_KEY on the server",
    );
  }
  const named = isIP(host) === 0 && { servername: host };
  const socket = tls.connect({ host, port: Number(url.port || 443), ...named, ...pemOf(files), timeout: patience });
  socket.once("timeout", () => socket.destroy(new Error("no answer")));
  try {
    await once(socket, "secureConnect");
    return lifetime(Date.parse(socket.getPeerCertificate().valid_to), `${socket.getProtocol()}, `);
  } catch (error) {
    if (IN_CLEAR_TEXT.test(rootOf(error)))
      return fail("the server speaks clear text on this port", `write http:// instead of https://: ${url.href.replace("https:", "http:")}`);
    const remedy =
      (error as NodeJS.ErrnoException).code === "CERT_HAS_EXPIRED"
        ? "renew the server's certificate"
        : "if a company's own authority signed it, name its certificate in CALL_ME_CA; else correct the certificate or the address";
    return fail(`the certificate is not accepted: ${rootOf(error)}`, remedy);
  } finally {
    socket.destroy();
  }
};

function lifetime(end: number, said: string): Finding {
  const left = end - Date.now();
  const detail = `${said}valid until ${new Date(end).toISOString().slice(0, 10)}`;
  return left > SOON ? ok(detail) : warn(`${detail}, for another ${spell(left)}`, "renew the server's certificate");
}

/** Whether a call-me server answers there. */
export const reachable: Check = async (patient) => {
  const start = performance.now();
  try {
    const answer = await get(patient, "/healthz");
    const body = await answer.text();
    const took = `${Math.round(performance.now() - start)} ms`;
    if (answer.ok && body.includes('"ok"')) return ok(`/healthz answers in ${took}`);
    return fail(
      `/healthz answers ${answer.status}: ${body.slice(0, 80)}`,
      "something else listens there: correct CALL_ME_URL, or the proxy's route to call-me",
    );
  } catch (error) {
    const said = rootOf(error);
    const isClosed = patient.url.protocol === "https:" && HUNG_UP.test(said);
    const remedy = "is the server running, and the port open from here? Correct CALL_ME_URL, or the firewall";
    return fail(`no answer: ${said}`, isClosed ? SHOW_ONE : remedy);
  }
};

/** Whether it takes work now. */
export const ready: Check = async (patient) => {
  const answer = await get(patient, "/readyz");
  if (answer.ok) return ok("the store is open");
  return fail(
    `/readyz answers ${answer.status}: ${(await answer.text()).slice(0, 80)}`,
    "it is stopping, or its store failed: see its log",
  );
};

/** Whether it has every method that this client knows. A body that is no message gets past the route, and never to the method. */
export const version: Check = async (patient) => {
  const methods = [LockService, EnvironmentService, InsightService, AccessService].flatMap((service) =>
    service.methods.map(({ name }) => `${service.typeName}/${name}`),
  );
  const statuses = await Promise.all(methods.map(async (method) => ({ method, status: (await post(patient, `/${method}`)).status })));
  const missing = statuses.filter(({ status }) => status === 404).map(({ method }) => method.replace("callme.v1.", ""));
  if (missing.length === 0) return ok(`it has all ${methods.length} methods that this client knows`);
  return fail(`it lacks ${missing.join(", ")}`, "the server is older than this client: update it; or a proxy lets only some paths through");
};

/** How far the clocks are apart. Leases don't depend on it; people who compare times do. */
export const clock: Check = async (patient) => {
  const before = Date.now();
  const answer = await get(patient, "/healthz");
  const theirs = Date.parse(answer.headers.get("date") ?? "");
  if (Number.isNaN(theirs)) return warn("the answer has no Date", "a proxy takes it out; nothing depends on it");
  // A Date has whole seconds, cut off.
  const apart = theirs + 500 - (before + Date.now()) / 2;
  if (Math.abs(apart) < AGREED) return ok("the server's clock agrees with ours");
  const detail = `the server's clock is ${Math.abs(Math.round(apart / 1000))} s ${apart < 0 ? "behind" : "ahead of"} ours`;
  if (Math.abs(apart) <= APART) return ok(detail);
  return warn(detail, "leases don't depend on it, but --until and the times shown do: set the clocks (NTP)");
};

function get(patient: Patient, path: string): Promise<Response> {
  return ask(patient, path, {});
}

function post(patient: Patient, path: string): Promise<Response> {
  return ask(patient, path, { method: "POST", headers: { "content-type": "application/json" } }, "no message");
}

/** As every client asks: by no proxy of the environment, which fetch may use. The address may have a path of its own. */
async function ask({ url, tls: files, patience }: Patient, path: string, how: https.RequestOptions, body?: string): Promise<Response> {
  const { request } = url.protocol === "https:" ? https : http;
  const base = url.href.endsWith("/") ? url.href : `${url.href}/`;
  const call = request(new URL(path.slice(1), base), { ...how, ...pemOf(files), agent: false, signal: AbortSignal.timeout(patience) });
  call.end(body);
  const [answer]: http.IncomingMessage[] = await once(call, "response");
  if (answer === undefined) throw new Error("no answer");
  const { statusCode: status = 0, headers } = answer;
  return new Response((await text(answer)) || null, { status, ...(headers.date !== undefined && { headers: { date: headers.date } }) });
}

function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, "");
}
