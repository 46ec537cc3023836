/** HTTP/2 down to the byte: frames, and requests in HPACK. */

export const TYPE = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RESET: 3,
  SETTINGS: 4,
  PING: 6,
  GOAWAY: 7,
  WINDOW: 8,
  CONTINUATION: 9,
} as const;
/** Of DATA and HEADERS; and of HEADERS alone. */
export const END_STREAM = 1;
export const END_HEADERS = 4;

/** A frame: type, flags, stream, payload. */
export function frame(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Four bytes of a number, as WINDOW_UPDATE and RST_STREAM have them. */
export function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
/** What a client says first: the preface and empty SETTINGS. */
export const GREETING = Buffer.concat([PREFACE, frame(TYPE.SETTINGS, 0, 0)]);
/** The same, and that it takes whatever it is sent: it never has to enlarge a window. */
export const OPEN_GREETING = Buffer.concat([
  PREFACE,
  frame(TYPE.SETTINGS, 0, 0, Buffer.concat([Buffer.from([0, 4]), word(0x7fffffff)])),
  frame(TYPE.WINDOW, 0, 0, word(0x7fff0000)),
]);

/** HEADERS of `POST http://a/` in HPACK without compression tables; `end`: with END_STREAM. */
export function postHeaders(stream: number, end: boolean): Buffer {
  // 0x83 :method POST, 0x86 :scheme http, 0x84 :path /, 0x41 :authority literal "a".
  return frame(TYPE.HEADERS, END_HEADERS | (end ? END_STREAM : 0), stream, Buffer.from([0x83, 0x86, 0x84, 0x41, 0x01, 0x61]));
}

/** One header field in HPACK, as a literal; `keep`: the peer keeps it in its table. */
export function literal(name: string, value: string, keep = false): Buffer {
  return Buffer.concat([Buffer.from([keep ? 0x40 : 0]), text(name), text(value)]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([number(bytes.length, 7), bytes]);
}

function number(value: number, bits: number): Buffer {
  const most = 2 ** bits - 1;
  if (value < most) return Buffer.from([value]);
  const bytes = [most];
  let rest = value - most;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.from([...bytes, rest]);
}

/** Requests with the same headers on one connection: from the second one on a handful of bytes each, which is how much can be asked at once. */
export class Requests {
  readonly #fields: readonly (readonly [string, string])[];
  readonly #again: Buffer;
  #stream = -1;

  constructor(path: string, headers: Readonly<Record<string, string>>) {
    this.#fields = [[":path", path], [":authority", "a"], ...Object.entries(headers)];
    // The newest entry of the peer's table is 62.
    const kept = this.#fields.map((_, index) => 0x80 + 61 + this.#fields.length - index);
    this.#again = Buffer.from([0x83, 0x86, ...kept]);
  }

  /** The next request: its frames, and its stream. Without a body its headers end it. */
  next(body?: Buffer): { readonly bytes: Buffer; readonly stream: number } {
    this.#stream += 2;
    const stream = this.#stream;
    const block =
      stream === 1
        ? Buffer.concat([Buffer.from([0x83, 0x86]), ...this.#fields.map(([name, value]) => literal(name, value, true))])
        : this.#again;
    const head = frame(TYPE.HEADERS, END_HEADERS | (body === undefined ? END_STREAM : 0), stream, block);
    return { stream, bytes: body === undefined ? head : Buffer.concat([head, frame(TYPE.DATA, END_STREAM, stream, body)]) };
  }
}
