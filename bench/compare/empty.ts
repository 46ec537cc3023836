// Started by floors.ts: a handler that does nothing but give an answer which is there already, on node:http2 ("grpc") or node:http ("json").
// What it costs is what any server on Node costs. Its answers come in the first message; it tells its port.
import { once } from "node:events";
import http from "node:http";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import process from "node:process";

/** In base64, by path. */
type Answers = Readonly<Record<string, string>>;

process.once("disconnect", () => process.exit());
const [given] = (await once(process, "message")) as [Answers];
const answers = new Map(Object.entries(given).map(([path, answer]) => [path, Buffer.from(answer, "base64")]));
const server = process.argv[2] === "grpc" ? overGrpc() : overJson();
await once(server.listen(0, "127.0.0.1"), "listening");
process.send?.((server.address() as AddressInfo).port);

function overGrpc(): http2.Http2Server {
  return http2.createServer().on("stream", (stream, headers) => {
    const answer = enveloped(answers.get(headers[":path"] ?? "") ?? Buffer.alloc(0));
    stream.on("error", () => {}).resume();
    stream.once("end", () => {
      stream.respond({ ":status": 200, "content-type": "application/grpc+proto" }, { waitForTrailers: true });
      stream.once("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.end(answer);
    });
  });
}

function overJson(): http.Server {
  return http.createServer((request, response) => {
    const answer = answers.get(request.url ?? "") ?? Buffer.alloc(0);
    request.resume().once("end", () => {
      response.writeHead(200, { "content-type": "application/json", "content-length": answer.byteLength });
      response.end(answer);
    });
  });
}

/** As gRPC sends a message: uncompressed, and its length before it. */
function enveloped(message: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.byteLength, 1);
  return Buffer.concat([head, message]);
}
