// Who may do what: each thing that can be asked for, by everybody who can ask, in every way.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AccessService, Role } from "../../gen/ts/callme/v1/access_service_pb.ts";
import { EnvironmentService } from "../../gen/ts/callme/v1/environment_service_pb.ts";
import { EventKind, InsightService } from "../../gen/ts/callme/v1/insight_service_pb.ts";
import { LockService } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { refusal } from "./clients.ts";
import { ASKED, type Asked, type Target } from "./matrix/asked.ts";
import { type Column, World } from "./matrix/callers.ts";
import { LINES, type Line, ROLES } from "./matrix/expected.ts";
import { clientsOver, PLAIN_WAYS, type PlainAnswer, type PlainWay, RPC_WAYS, TWO_WAY, type WayClients } from "./matrix/ways.ts";

let world: World;
let rpc: [way: string, clients: WayClients][];
let plain: [way: string, http: PlainWay][];
beforeAll(async () => {
  world = await World.start(ROLES, LINES);
  const { url } = world.server;
  rpc = Object.entries(RPC_WAYS).map(([way, open]) => [way, clientsOver(open(url))]);
  plain = Object.entries(PLAIN_WAYS).map(([way, open]) => [way, open(url)]);
});
afterAll(async () => {
  for (const [, http] of plain) http.close();
  await world[Symbol.asyncDispose]();
});

test("every method and every role is in the table", async () => {
  const services = [LockService, EnvironmentService, InsightService, AccessService];
  const methods = services.flatMap(({ name, methods: all }) => all.map((method) => `${name}.${method.name}`));
  expect(methods.filter((method) => !LINES.some(({ what }) => what === method))).toEqual([]);
  expect(Object.keys(Role).filter((role) => /^[A-Z]+$/.test(role) && role !== "UNSPECIFIED")).toEqual(ROLES);
  expect(LINES.map(({ what }) => what)).toEqual([...ASKED.keys()]);
  // What the server itself says that it has.
  const [, { reflection }] = rpc.find(([way]) => way === "gRPC") ?? expect.unreachable();
  const asked = (async function* () {
    yield { messageRequest: { case: "listServices", value: "" } } as const;
  })();
  for await (const { messageResponse } of reflection.serverReflectionInfo(asked)) {
    if (messageResponse.case !== "listServicesResponse") throw new Error(`it answered ${messageResponse.case}`);
    const known = [...services.map(({ typeName }) => typeName), "grpc.health.v1.Health"];
    expect(
      messageResponse.value.service
        .map(({ name }) => name)
        .filter((name) => !name.includes("reflection"))
        .toSorted(),
    ).toEqual(known.toSorted());
  }
});

/** Asks in every way; by the way what became of it. */
async function ask(asked: Asked, column: Column, line: Line, isLetIn: boolean): Promise<[way: string, outcome: string][]> {
  const about = async (): Promise<{ target: Target; key?: string }> =>
    isLetIn && asked.fresh !== undefined
      ? await world.fresh(asked.fresh, column, line)
      : { target: world.targetOf(line, column, asked.fresh) };
  const headersFor = (key: string | undefined): Record<string, string> => (key === undefined ? {} : { "x-api-key": key });
  if ("plain" in asked) {
    return await Promise.all(
      plain.map(async ([way, http]): Promise<[string, string]> => {
        const { target, key = column.key(line) } = await about();
        const answer = await http.ask(...asked.plain(target), headersFor(key));
        return [way, line.what.endsWith("/maybe") ? ofMaybe(answer) : ofPlain(answer)];
      }),
    );
  }
  const ways = rpc.filter(([way]) => asked.twoWay !== true || TWO_WAY.includes(way));
  return await Promise.all(
    ways.map(async ([way, clients]): Promise<[string, string]> => {
      const { target, key = column.key(line) } = await about();
      const call = asked.rpc(clients, target, { headers: headersFor(key) });
      return [way, await call.then(() => "yes").catch((error: unknown) => refusal(Promise.reject(error)))];
    }),
  );
}

function ofPlain({ status, body }: PlainAnswer): string {
  if (status === 200) return "yes";
  const { code, details } = JSON.parse(body) as { code: string; details: { debug: { reason: string } }[] };
  expect(status).toBe(code === "unauthenticated" ? 401 : 403);
  return `${code} ${details[0]?.debug.reason}`;
}

/** In the original's words there is one refusal for all but who shows no key. */
function ofMaybe({ status, body }: PlainAnswer): string {
  if (status !== 401) return "yes";
  return body.includes("unauthenticated for invalid credentials") ? "unauthenticated NO_KEY" : "401";
}

/** Holds what the table says of the columns that are let in, or of those that are not, against what becomes of their calls. */
async function compare(line: Line, isLetIn: boolean): Promise<void> {
  const asked = ASKED.get(line.what) ?? expect.unreachable();
  const inWords = (outcome: string) => (line.what.endsWith("/maybe") && /WRONG_KEY|permission/.test(outcome) ? "401" : outcome);
  const wrong: string[] = [];
  for (const column of world.columns) {
    const due = column.outcome(line);
    if ((due === "yes") !== isLetIn || column.asks?.(line) === false) continue;
    for (const [way, outcome] of await ask(asked, column, line, isLetIn))
      if (outcome !== inWords(due)) wrong.push(`${column.name}, ${way}: ${outcome}, not ${inWords(due)}`);
  }
  expect(wrong).toEqual([]);
}

/** All that a call could have changed. */
async function everything(): Promise<object> {
  const { access, environments, insight } = world.admin;
  const pageSize = 1_000;
  const [{ environments: all }, { leases }, { keys }, { events }] = await Promise.all([
    environments.listEnvironments({ pageSize }),
    environments.listLeases({ pageSize, filter: { states: [1, 2, 3, 4] } }),
    access.listKeys({ pageSize }),
    insight.listEvents({ pageSize }),
  ]);
  return {
    all,
    leases: leases.map(({ id, revision }) => [id, revision]),
    keys: keys.map((key) => ({ ...key, lastUsedAt: undefined })),
    // Who was refused is on record, and that the rules were read, some time after it.
    events: events.filter(({ kind }) => kind !== EventKind.REFUSED && kind !== EventKind.ACCESS_CHANGED).length,
  };
}

describe("refused", () => {
  let before: object;
  beforeAll(async () => {
    before = await everything();
  });

  test.each(LINES.filter(({ names }) => names !== "open"))("$what", (line) => compare(line, false));

  test("and nothing has changed by it", async () => expect(await everything()).toEqual(before));
});

describe("let in", () => {
  test.each(LINES)("$what", (line) => compare(line, true));
});
