// Each way to reach a server: its clients, which send no key of their own, and plain HTTP.
import { connect } from "node:http2";
import { text } from "node:stream/consumers";
import { createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { AccessService } from "../../../gen/ts/callme/v1/access_service_pb.ts";
import { EnvironmentService } from "../../../gen/ts/callme/v1/environment_service_pb.ts";
import { InsightService } from "../../../gen/ts/callme/v1/insight_service_pb.ts";
import { LockService } from "../../../gen/ts/callme/v1/lock_service_pb.ts";
import { Health } from "../../../gen/ts/grpc/health/v1/health_pb.ts";
import { ServerReflection } from "../../../gen/ts/grpc/reflection/v1/reflection_pb.ts";
import { ServerReflection as ServerReflectionAlpha } from "../../../gen/ts/grpc/reflection/v1alpha/reflection_pb.ts";
import { TRANSPORTS } from "../clients.ts";

/** The status that goes with each code by which somebody is refused. */
const STATUSES: Readonly<Record<string, number>> = { unauthenticated: 401, permission_denied: 403 };

/** As a browser or a script calls: with GET where that is possible. Checks that the status fits the error. */
function fetching(baseUrl: string): Transport {
  const checked: typeof fetch = async (...request) => {
    const answer = await fetch(...request);
    if (answer.ok) return answer;
    const { code = "" } = (await answer.clone().json()) as { code?: string };
    if ((STATUSES[code] ?? answer.status) !== answer.status) throw new Error(`status ${answer.status} came with ${code}`);
    return answer;
  };
  return createConnectTransport({ baseUrl, fetch: checked, useHttpGet: true, useBinaryFormat: false });
}

/** The ways of methods, by name. */
export const RPC_WAYS: Readonly<Record<string, (baseUrl: string) => Transport>> = {
  ...Object.fromEntries(Object.entries(TRANSPORTS).map(([name, open]) => [name, (baseUrl: string) => open(baseUrl, [])])),
  "fetch, with GET where it reads": fetching,
};

/** Those that carry a stream in both directions. */
export const TWO_WAY: readonly string[] = Object.keys(RPC_WAYS).filter((name) => name === "gRPC" || /^Connect, .*HTTP\/2$/.test(name));

export type WayClients = ReturnType<typeof clientsOver>;

/** Clients of everything that has methods, over one way. */
export function clientsOver(transport: Transport) {
  return {
    locks: createClient(LockService, transport),
    environments: createClient(EnvironmentService, transport),
    insight: createClient(InsightService, transport),
    access: createClient(AccessService, transport),
    health: createClient(Health, transport),
    reflection: createClient(ServerReflection, transport),
    reflectionAlpha: createClient(ServerReflectionAlpha, transport),
  };
}

/** What came of a plain request: of an endless answer the status alone. */
export interface PlainAnswer {
  readonly status: number;
  readonly body: string;
}

export interface PlainWay {
  ask(method: string, path: string, headers: Readonly<Record<string, string>>): Promise<PlainAnswer>;
  close(): void;
}

/** The ways of plain HTTP, by name. */
export const PLAIN_WAYS: Readonly<Record<string, (baseUrl: string) => PlainWay>> = { "HTTP/1.1": overHttp1, "HTTP/2": overHttp2 };

/** An answer without an end is not waited for. */
const isEndless = (type: string | null | undefined) => type === "application/x-ndjson";

function overHttp1(baseUrl: string): PlainWay {
  const ask = async (method: string, path: string, headers: Readonly<Record<string, string>>) => {
    const leaving = new AbortController();
    const answer = await fetch(`${baseUrl}${path}`, { method, headers, signal: leaving.signal });
    if (!isEndless(answer.headers.get("content-type"))) return { status: answer.status, body: await answer.text() };
    leaving.abort();
    return { status: answer.status, body: "" };
  };
  return { ask, close: () => {} };
}

function overHttp2(baseUrl: string): PlainWay {
  let session = connect(baseUrl);
  const ask = (method: string, path: string, headers: Readonly<Record<string, string>>) =>
    new Promise<PlainAnswer>((resolve, reject) => {
      // Between two lines the server may have closed one that was idle.
      if (session.closed || session.destroyed) session = connect(baseUrl);
      const stream = session.request({ ":method": method, ":path": path, ...headers }, { endStream: true });
      stream.once("error", reject);
      stream.once("response", ({ ":status": status = 0, "content-type": type }) => {
        if (!isEndless(type)) return void text(stream).then((body) => resolve({ status, body }), reject);
        stream.close();
        resolve({ status, body: "" });
      });
    });
  return { ask, close: () => session.close() };
}
