// Whatever frames of HTTP/2 a peer sends, the process goes on, and others are served. Always the same frames by chance.
import fc from "fast-check";
import { expect, test } from "vitest";
import type { ListenOptions } from "../../src/rpc/http/listen.ts";
import { frame, GREETING, postHeaders } from "../abuse/frames.ts";
import { getHttp2, gone, hello, openDoor, openSession, openSocket } from "./doors.ts";

/** Mostly of the requests that came before. */
const stream = fc.oneof({ weight: 4, arbitrary: fc.constantFrom(1, 3, 5) }, fc.constantFrom(0, 2, 99));
const payload = fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes));
const word = fc.constantFrom(0, 1, 8, 65_535, 0x7fffffff, 0xffffffff).map((value) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
});
const DATA = 0;
const RESET = 3;
const SETTINGS = 4;
const GOAWAY = 7;
const WINDOW = 8;
const frames = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.tuple(fc.constantFrom(1, 3, 5), fc.boolean()).map(([id, end]) => postHeaders(id, end)) },
    fc.tuple(fc.constantFrom(0, 1, 8), stream, payload).map(([flags, id, data]) => frame(DATA, flags, id, data)),
    fc.tuple(stream, word).map(([id, code]) => frame(RESET, 0, id, code)),
    fc.tuple(stream, word).map(([id, size]) => frame(WINDOW, 0, id, size)),
    fc.tuple(fc.constantFrom(1, 3, 4, 5), word).map(([id, value]) => frame(SETTINGS, 0, 0, Buffer.concat([Buffer.from([0, id]), value]))),
    fc.tuple(word, word).map((words) => frame(GOAWAY, 0, 0, Buffer.concat(words))),
    fc.tuple(fc.nat(12), fc.nat(255), stream, payload).map(([type, flags, id, data]) => frame(type, flags, id, data)),
    payload,
  ),
  { maxLength: 10 },
);

test.each<[string, () => ListenOptions["handleStream"]]>([
  ["Node's compatibility layer", () => undefined],
  [
    "the stream itself",
    () => (exchange) => {
      exchange.discard();
      exchange.stream.respond({ ":status": 200 });
      exchange.end(Buffer.from("hello"));
      return true;
    },
  ],
])("answers by %s", async (_, handleStream) => {
  const door = await openDoor(hello, { handleStream: handleStream() });
  const property = fc.asyncProperty(frames, fc.boolean(), async (sent, together) => {
    const socket = await openSocket(door.port);
    const closed = gone(socket);
    for (const bytes of together ? [Buffer.concat([GREETING, ...sent])] : [GREETING, ...sent]) socket.write(bytes);
    socket.end();
    await closed;
  });
  await fc.assert(property, { seed: 20_261_129, numRuns: 300 });
  expect((await getHttp2(await openSession(door.url))).body).toBe("hello");
});
