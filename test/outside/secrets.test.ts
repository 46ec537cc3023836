// A secret is found nowhere but in the answers to who holds it: whatever is asked, by whomever, over whichever way, and what is left behind.
import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import {
  create,
  type DescField,
  type DescMessage,
  type DescMethodUnary,
  fromJson,
  type JsonObject,
  type Message,
  toJsonString,
} from "@bufbuild/protobuf";
import { createClient, type Interceptor } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import { EnvironmentService } from "../../gen/ts/callme/v1/environment_service_pb.ts";
import { InsightService } from "../../gen/ts/callme/v1/insight_service_pb.ts";
import { LockService } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { LeaseSchema } from "../../gen/ts/callme/v1/types_pb.ts";
import { open, type } from "../cli/terminal.ts";
import { clientsOf, leaseIn, TRANSPORTS, type TransportName, tokenOf } from "./clients.ts";
import { formsOf } from "./forms.ts";
import { Server } from "./server.ts";

const SECRETS = {
  CALL_ME_SECRET_ONE: 'söcret-one:/?%"\\ value',
  CALL_ME_SECRET_TWO: "secret-two-of-slot-0",
  CALL_ME_SECRET_THREE: "key-line-1\nkey-line-2",
};

const FORMS = Object.values(SECRETS).flatMap(formsOf);

/** The first secret in a text, in whatever form. */
function secretIn(text: string): string | undefined {
  return FORMS.find((form) => text.includes(form));
}

let server: Server;
/** All that anybody but the holder was answered, by what was asked. */
const seen: [asked: string, answer: string][] = [];

beforeAll(async () => {
  server = await Server.start({ ...SECRETS, CALL_ME_LOG_LEVEL: "trace" });
});
afterAll(() => server[Symbol.asyncDispose]());

/** A request that names the environment and the lease wherever it can name anything. */
function requestOf(type: DescMessage, named: Readonly<Record<string, unknown>>): Message {
  const request = create(type) as Message & Record<string, unknown>;
  for (const { localName, fieldKind } of type.fields as readonly DescField[])
    if (localName in named && fieldKind !== "map") request[localName] = named[localName];
  return request;
}

const ENVIRONMENT = "secretive";

/** Asks all that can be asked, over one transport, with a key or token that is not the lease's own. */
async function askAll(over: TransportName, key: string, leaseId: string): Promise<void> {
  const note: Interceptor = (next) => async (request) => {
    request.header.set("x-api-key", key);
    const asked = `${over} ${request.method.name}`;
    try {
      const answer = await next(request);
      if (!answer.stream)
        seen.push([
          asked,
          `${toJsonString(answer.method.output, answer.message)} ${JSON.stringify([...answer.header, ...answer.trailer])}`,
        ]);
      return answer;
    } catch (error) {
      const { message, metadata, details } = error as { message: string; metadata: Headers; details: unknown };
      seen.push([
        asked,
        `${message} ${JSON.stringify([...metadata])} ${JSON.stringify(details, (_, value) => (typeof value === "bigint" ? `${value}` : value))}`,
      ]);
      throw error;
    }
  };
  const transport = TRANSPORTS[over](server.url, [note]);
  const named = {
    environment: ENVIRONMENT,
    leaseId,
    pageSize: 1_000,
    reason: "looks around",
    facts: {},
    dryRun: true,
    environments: configs(),
    state: 3,
  };
  // What would take the lease away, or hold it, comes at the end, or is its holder's.
  const later = ["acquire", "acquireForCleaning", "forceRelease", "deleteEnvironment", "setEnvironmentState", "release"];
  for (const service of [LockService, EnvironmentService, InsightService]) {
    const client = createClient(service, transport) as unknown as Record<
      string,
      (message: Message) => Promise<unknown> & AsyncIterable<Message>
    >;
    for (const [name, method] of Object.entries(service.method)) {
      if (later.includes(name)) continue;
      const request = requestOf(method.input, named);
      const answer = client[name]?.(request);
      if ((method as DescMethodUnary).methodKind === "unary") await answer?.catch(() => {});
      else {
        const messages = answer?.[Symbol.asyncIterator]();
        const first = await messages?.next().catch(() => undefined);
        if (first?.value) seen.push([`${over} ${name}`, toJsonString(method.output, first.value)]);
        await messages?.return?.();
      }
    }
  }
}

function configs() {
  const one = { fromEnv: "CALL_ME_SECRET_ONE", secret: true };
  const two = { fromEnv: "CALL_ME_SECRET_TWO", secret: true };
  const three = { fromEnv: "CALL_ME_SECRET_THREE", secret: false };
  const environment = {
    name: ENVIRONMENT,
    capacity: 2,
    variables: { ONE: one, THREE: three },
    slotVariables: [{ variables: { TWO: two } }],
  };
  return [fromJson(EnvironmentService.method.applyEnvironments.input, { environments: [environment] } as JsonObject)].flatMap(
    (request) => (request as unknown as { environments: never[] }).environments,
  );
}

async function run(args: string[], env: Record<string, string>): Promise<void> {
  const { stdout, stderr } = await type(args, env);
  seen.push([`call-me ${args.join(" ")}`, `${stdout} ${stderr}`]);
}

async function fetched(address: string, init: RequestInit = {}): Promise<void> {
  const answer = await fetch(`${server.url}${address}`, { ...init, headers: { "x-api-key": server.key, ...init.headers } });
  seen.push([`${init.method ?? "GET"} ${address}`, `${await answer.text()} ${JSON.stringify([...answer.headers])}`]);
}

test("whatever is asked, by whomever, and whatever is left behind, only the holder's own answers have it", async () => {
  const { locks, environments } = clientsOf(server);
  await environments.applyEnvironments({ environments: configs() });
  const request = { needs: [{ environment: ENVIRONMENT, slots: 1 }], requestId: "retried", holder: { name: "holder" } };
  const lease = leaseIn(await locks.acquire(request));
  const own = toJsonString(LeaseSchema, lease);
  for (const secret of Object.values(SECRETS)) expect(own).toContain(JSON.stringify(secret).slice(1, -1));
  const other = leaseIn(await locks.acquire({ environment: "elsewhere" }));
  // All kinds of callers: an operator's key, another lease's token, one that is wrong, and none.
  for (const over of Object.keys(TRANSPORTS) as TransportName[])
    for (const key of [server.key, tokenOf(other), "wrong", ""]) await askAll(over, key, lease.id);
  // Onlookers stay while the holder renews, reads, tells facts and gives it back.
  const env = { CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key };
  const [table, json] = [open(["watch", ENVIRONMENT], env), open(["watch", ENVIRONMENT, "--json"], env)];
  await Promise.all([table.stdout.shows(ENVIRONMENT), json.stdout.shows(ENVIRONMENT)]);
  const mine = clientsOf({ url: server.url, key: tokenOf(lease) }).locks;
  const looking = locks.watchLease({ leaseId: lease.id })[Symbol.asyncIterator]();
  const following = mine.watchLease({ leaseId: lease.id })[Symbol.asyncIterator]();
  seen.push([
    "WatchLease",
    JSON.stringify(
      (await looking.next()).value?.lease?.environments,
      (_, value) => `${value}` && (typeof value === "bigint" ? `${value}` : value),
    ),
  ]);
  await following.next();
  for (const command of [
    ["status"],
    ["check", ENVIRONMENT],
    ["queue", ENVIRONMENT],
    ["env", "list"],
    ["env", "list", "--yaml"],
    ["history"],
    ["stats"],
  ]) {
    await run(command, env);
    if (!command.includes("--yaml")) await run([...command, "--json"], env);
  }
  const file = path.join(server.directory, "fleet.json");
  await run(["env", "list", "--json"], env);
  await writeFile(file, seen.at(-1)?.[1] ?? "");
  for (const command of [
    ["env", "apply", "--dry-run", file],
    ["env", "apply", file],
    ["wait", "--lease", lease.id],
    ["renew", "--lease", lease.id],
  ])
    await run(command, env);
  await fetched(`/maybe?environment=${ENVIRONMENT}`);
  for (const method of ["POST", "DELETE"]) await fetched(`/maybe?environment=${ENVIRONMENT}`, { method });
  await fetched("/openapi.json");
  await mine.renew({ leaseId: lease.id, facts: { version: "1" } });
  await locks.acquire(request);
  await locks.release({ leaseId: lease.id, note: "done" });
  await looking.next();
  await looking.return?.();
  await following.return?.();
  await json.stdout.shows("END_REASON_RELEASED");
  for (const [name, session] of Object.entries({ table, json })) {
    session.interrupt("SIGINT");
    await session.exit;
    seen.push([`call-me watch ${name}`, session.stdout.text + session.stderr.text]);
  }
  // After the end its own holder is told it no more.
  seen.push(["Acquire after the end", toJsonString(LeaseSchema, leaseIn(await locks.acquire(request)))]);
  seen.push(["GetLease after the end", toJsonString(LeaseSchema, leaseIn(await mine.getLease({ leaseId: lease.id })))]);
  await askAll("gRPC", server.key, lease.id);
  await run(["exec", ENVIRONMENT, "--", "true"], env);
  await server.stop();
  for (const name of await readdir(server.directory))
    seen.push([name, (await readFile(path.join(server.directory, name))).toString("latin1")]);
  seen.push(["the log", server.lines.join("\n")]);
  expect(seen.length).toBeGreaterThan(200);
  expect(
    seen.filter(([, text]) => text.includes("CALL_ME_SECRET_ONE")).length,
    "the names are shown, as they are configured",
  ).toBeGreaterThan(10);
  expect(seen.filter(([, text]) => secretIn(text) !== undefined || secretIn(Buffer.from(text, "latin1").toString()) !== undefined)).toEqual(
    [],
  );
}, 120_000);
