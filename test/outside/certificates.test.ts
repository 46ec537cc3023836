// Client certificates as identities: what they open, over every transport, and how they end.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PrincipalKind } from "../../gen/ts/callme/v1/access_service_pb.ts";
import { EndReason, LeaseState, WatchKind } from "../../gen/ts/callme/v1/types_pb.ts";
import { Authority, hours, type Pair, type Wanted } from "../authority.ts";
import { type Address, clientsOf, leaseIn, ownerOf, refusal, TRANSPORTS, type TransportName } from "./clients.ts";
import { curl } from "./curl.ts";
import { eventually } from "./eventually.ts";
import { Stock } from "./grpc.ts";
import { Server } from "./server.ts";

const [authority, clients] = [new Authority("servers"), new Authority("clients")];
const RUNNER = "spiffe://ci.example.com/ns/team-a/sa/runner";
const RULES = `certificates:
- name: runners
  san: {uri: "spiffe://ci.example.com/ns/*/sa/runner"}
  grants: {role: USE, patterns: uat-*}
- name: dashboard
  san: {dns: dashboard.example.com}
  grants: {role: VIEW, patterns: "*"}
`;
const issue = (wanted: Wanted) => clients.issue({ use: "client", ...wanted });
const runner = issue({ names: [`URI:${RUNNER}`] });

let folder: string;
let server: Server;
const at = (name: string) => path.join(folder, name);
const ways = Object.keys(TRANSPORTS) as TransportName[];

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "call-me-certificates-"));
  const { cert, key } = authority.issue({ names: ["IP:127.0.0.1", "DNS:localhost"], use: "server" });
  const files = { cert, key, ca: clients.cert, server: authority.cert, runner: runner.cert, runnerKey: runner.key };
  for (const [name, pem] of Object.entries(files)) await writeFile(at(`${name}.pem`), pem);
  await writeFile(at("access.yaml"), RULES);
  server = await Server.start({
    CALL_ME_TLS_CERT: at("cert.pem"),
    CALL_ME_TLS_KEY: at("key.pem"),
    CALL_ME_TLS_CLIENT_CA: at("ca.pem"),
    CALL_ME_ACCESS: at("access.yaml"),
  });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** The server for who shows this, and no key unless one is given. */
function by(pair: Pair | undefined, key = ""): Address {
  return { url: server.url, key, pem: { ca: authority.cert, ...pair } };
}

describe.each(ways)("over %s", (way) => {
  test("a certificate says who calls, and opens what its rule grants", async () => {
    const { access, locks } = clientsOf(by(runner), way);
    expect(await access.whoAmI({})).toMatchObject({ principal: `cert:runners:${RUNNER}`, kind: PrincipalKind.CERTIFICATE, label: RUNNER });
    const lease = leaseIn(await locks.acquire({ environment: `uat-${ways.indexOf(way)}` }));
    expect(lease).toMatchObject({ state: LeaseState.HELD, principal: `cert:runners:${RUNNER}`, principalLabel: RUNNER });
    expect((await locks.release({ leaseId: lease.id })).lease?.endReason).toBe(EndReason.RELEASED);
    expect(await refusal(locks.acquire({ environment: "production" }))).toBe("permission_denied NOT_ALLOWED");
    const dashboard = clientsOf(by(issue({ names: ["DNS:Dashboard.example.com"] })), way);
    expect(await dashboard.locks.check({ environment: "production" })).toMatchObject({ available: true });
    expect(await refusal(dashboard.locks.acquire({ environment: "uat-9" }))).toBe("permission_denied NOT_ALLOWED");
  });

  test.each<[string, () => Pair]>([
    ["has ended", () => issue({ names: [`URI:${RUNNER}`], until: hours(-0.1) })],
    ["has not begun", () => issue({ names: [`URI:${RUNNER}`], from: hours(1) })],
    ["is of another CA", () => authority.issue({ names: [`URI:${RUNNER}`] })],
    ["is for servers", () => issue({ names: [`URI:${RUNNER}`], use: "server" })],
    ["has its name as a common name only", () => issue({ name: RUNNER })],
    ["has a name that no rule is for", () => issue({ names: ["URI:spiffe://ci.example.com/ns/a/b/sa/runner", `DNS:${RUNNER}`] })],
  ])("one that %s opens nothing, and takes nothing away from a key", async (_, pair) => {
    const shown = pair();
    expect(await refusal(clientsOf(by(shown), way).access.whoAmI({}))).toBe("unauthenticated WRONG_KEY");
    expect(await clientsOf(by(shown, server.key), way).access.whoAmI({})).toMatchObject({ principal: "admin" });
  });

  test("a key that is wrong is refused beside a good certificate, and no certificate is no key", async () => {
    expect(await refusal(clientsOf(by(runner, "wrong"), way).access.whoAmI({}))).toBe("unauthenticated WRONG_KEY");
    expect(await refusal(clientsOf(by(undefined), way).access.whoAmI({}))).toBe("unauthenticated NO_KEY");
  });
});

test("a stock gRPC client shows one", async () => {
  // It takes no certificate for an address.
  const url = server.url.replace("127.0.0.1", "localhost");
  using stock = new Stock({ ...by(runner), url }, "callme.v1.LockService", {});
  expect(await stock.call("Acquire", { environment: "uat-stock" })).toMatchObject({ lease: { principal: `cert:runners:${RUNNER}` } });
});

test("/maybe and /watch take one, with curl", async () => {
  const shows = ["--cacert", at("server.pem"), "--cert", at("runner.pem"), "--key", at("runnerKey.pem")];
  expect((await curl([...shows, "-X", "POST", `${server.url}/maybe?environment=uat-maybe`])).status).toBe(201);
  expect((await curl([...shows, "-X", "POST", `${server.url}/maybe?environment=production`])).status).toBe(401);
  expect((await curl(["--cacert", at("server.pem"), `${server.url}/maybe?environment=uat-maybe`])).status).toBe(401);
  const watch = await curl([...shows, "--max-time", "1", `${server.url}/watch?environment=uat-maybe`]).catch(({ message }) => message);
  expect(watch).toMatch(/timed out/);
});

test.concurrent.each(ways)(
  "over %s a watch ends with its certificate, not at its next message only, and so does what comes by that connection",
  async (way) => {
    const pair = issue({ names: [`URI:${RUNNER}`], until: hours(3 / 3_600) });
    const { locks, access } = clientsOf(by(pair), way);
    const kinds: WatchKind[] = [];
    const watch = (async () => {
      for await (const { kind } of locks.watchEnvironment({ environment: "uat-1" })) kinds.push(kind);
    })();
    expect(await refusal(watch)).toBe("unauthenticated WRONG_KEY");
    expect(kinds).toEqual([WatchKind.SNAPSHOT]);
    expect(await refusal(access.whoAmI({}))).toBe("unauthenticated WRONG_KEY");
    const lease = leaseIn(await clientsOf(by(runner)).locks.acquire({ environment: "uat-token" }));
    expect((await ownerOf(by(pair), lease, way).release({ leaseId: lease.id })).alreadyEnded).toBe(false);
  },
);

test("why one is refused is in the log, and in no answer", async () => {
  const line = await eventually(() => server.log.find(({ msg }) => msg === "a client certificate is refused"));
  expect(line).toMatchObject({ level: "warn", why: expect.stringMatching(/it has|it is|no rule/), names: expect.any(Array) });
});

test("new rules at SIGHUP count at once: a watch of whoever they do not let in any more ends", async () => {
  const { locks, access } = clientsOf(by(runner), "gRPC");
  const begun = Promise.withResolvers<void>();
  const watch = (async () => {
    for await (const _ of locks.watchEnvironment({ environment: "uat-1" })) begun.resolve();
  })();
  const ended = refusal(watch);
  await begun.promise;
  await writeFile(at("access.yaml"), RULES.replace("ns/*/sa/runner", "ns/*/sa/other"));
  server.signal("SIGHUP");
  expect(await ended).toBe("unauthenticated WRONG_KEY");
  expect(await refusal(access.whoAmI({}))).toBe("unauthenticated WRONG_KEY");
});

test("rules without a CA are told of", async () => {
  await using other = await Server.start({ CALL_ME_ACCESS: at("access.yaml") });
  await expect
    .poll(() => other.complaints)
    .toMatchObject([{ msg: expect.stringMatching(/nobody is asked for one: set CALL_ME_TLS_CLIENT_CA/) }]);
});
