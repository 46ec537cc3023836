// How gRPC's callers learn, by HTTP/2 itself, that a call is refused: what a client makes of it depends on where that stands.
import { once } from "node:events";
import { type ClientHttp2Stream, connect, type IncomingHttpHeaders } from "node:http2";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Server } from "./server.ts";
import { envelope } from "./wire.ts";

let server: Server;
beforeAll(async () => {
  server = await Server.start();
});
afterAll(() => server[Symbol.asyncDispose]());

/** What a call is told before and after the messages of its answer, once the answer is over. */
async function told(stream: ClientHttp2Stream): Promise<{ head: IncomingHttpHeaders; trailers: IncomingHttpHeaders }> {
  let head: IncomingHttpHeaders = {};
  let trailers: IncomingHttpHeaders = {};
  stream.on("response", (fields) => {
    head = fields;
  });
  stream.on("trailers", (fields) => {
    trailers = fields;
  });
  await once(stream.resume(), "end");
  return { head, trailers };
}

async function calling<T>(path: string, use: (stream: ClientHttp2Stream) => Promise<T>): Promise<T> {
  const session = connect(server.url);
  try {
    return await use(session.request({ ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers" }));
  } finally {
    session.destroy();
  }
}

test("a method that there is not is said in trailers: a status in a head that does not end the stream is none to gRPC for Go", async () => {
  const { head, trailers } = await calling("/callme.v1.LockService/Borrow", (stream) => told(stream.end(envelope(""))));
  expect(head).not.toHaveProperty("grpc-status");
  expect(trailers).toMatchObject({
    "grpc-status": "12",
    "grpc-message": expect.stringContaining("no method /callme.v1.LockService/Borrow"),
  });
});

test("who still writes when its stream of requests is refused gets rid of the rest", async () => {
  await calling("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", async (stream) => {
    const large = envelope(Buffer.alloc(200 * 1024));
    const answered = told(stream);
    // More than fits into the windows of stream and connection: it can leave only if the server takes it.
    stream.write(large);
    stream.end(large);
    expect((await answered).trailers).toMatchObject({ "grpc-status": "8" });
    await once(stream, "close", { signal: AbortSignal.timeout(10_000) });
    expect([stream.rstCode, stream.writableLength]).toEqual([0, 0]);
  });
});
