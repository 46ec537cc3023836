// A server of which the direct way is on, and one where it is off; and answers in a form in which the two can be compared.
import { once } from "node:events";
import { request } from "node:http";
import { connect, type IncomingHttpHeaders } from "node:http2";
import { buffer } from "node:stream/consumers";
import { expect } from "vitest";
import { KEY, Server } from "./server.ts";

export interface Answer {
  readonly status: number | undefined;
  readonly headers: Record<string, unknown>;
  readonly body: Buffer;
  readonly trailers: Record<string, unknown>;
  /** Whether it said, before the answer, that the body may come. */
  readonly continued?: boolean;
}

/** The two of them, with the direct way on and off. */
export function startBoth(env: Readonly<Record<string, string>> = {}): Promise<Server[]> {
  return Promise.all(["on", "off"].map((direct) => Server.start({ ...env, CALL_ME_DIRECT: direct })));
}

/** Node's own headers, and what only says which compression could be used: the direct way uses none. */
const IGNORED = ["date", "grpc-accept-encoding", "accept-encoding", "connection", "keep-alive"];

export function facts(headers: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !IGNORED.includes(name) && !name.startsWith(":")));
}

export async function overHttp2(server: Server, path: string, headers: object, chunks: readonly Uint8Array[]): Promise<Answer> {
  const session = connect(server.url);
  try {
    const stream = session.request({ ":method": "POST", ":path": path, "x-api-key": KEY, ...headers });
    let trailers = {};
    stream.on("trailers", (sent: IncomingHttpHeaders) => {
      trailers = facts(sent);
    });
    let continued = false;
    stream.on("continue", () => {
      continued = true;
    });
    for (const chunk of chunks) stream.write(chunk);
    stream.end();
    const [head] = (await once(stream, "response")) as [IncomingHttpHeaders];
    return { status: Number(head[":status"]), headers: facts(head), body: await buffer(stream), trailers, continued };
  } finally {
    session.close();
  }
}

export async function overHttp1(
  server: Server,
  path: string,
  headers: Readonly<Record<string, string>>,
  chunks: readonly Uint8Array[],
): Promise<Answer> {
  const sent = request(`${server.url}${path}`, { method: "POST", headers: { "x-api-key": KEY, ...headers } });
  for (const chunk of chunks) sent.write(chunk);
  sent.end();
  const [response] = await once(sent, "response");
  return {
    status: response.statusCode,
    headers: facts(response.headers),
    body: await buffer(response),
    trailers: facts(response.trailers),
  };
}

/** What happens on each of the servers, which must be the same. */
export async function alikeOn<T>(servers: readonly Server[], happens: (server: Server) => Promise<T>): Promise<T> {
  const [direct, long] = await Promise.all(servers.map(happens));
  expect(direct).toEqual(long);
  if (direct === undefined) throw new Error("there is no server");
  return direct;
}

/** What differs from call to call and from server to server; also within the details of an error, which are in base64. */
export function plain(text: string): string {
  return text
    .replace(/(?<="(?:value|grpc-status-details-bin)":")[\w+/-]+/g, (details) => plain(Buffer.from(details, "base64").toString("latin1")))
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "ID")
    .replace(/cml_ID_[\w-]{43}/g, "TOKEN")
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME")
    .replace(/"(revision|fencingToken|current)":"\d+"/g, '"$1":"N"')
    .replace(/"(ttlRemaining)":"[\d.]+s"/g, '"$1":"T"');
}
