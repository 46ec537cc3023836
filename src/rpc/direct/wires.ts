/** How a call of the direct way stands in a request and its answer, in each of the two protocols that it takes. */
import type { ConnectError } from "@connectrpc/connect";
import { encodeEnvelope } from "@connectrpc/connect/protocol";
import { codeToHttpStatus, errorToJsonBytes } from "@connectrpc/connect/protocol-connect";
import { HEAD, statusTrailer } from "../connect/foreign.ts";
import type { Exchange } from "../http/exchange.ts";

export interface Wire {
  readonly binary: boolean;
  /** How long the caller waits, in ms: undefined without an end, "unusual" if it is written in a way that is not for here. */
  timeout(exchange: Exchange): number | undefined | "unusual";
  /**
   * Reads the one message of a request; undefined if there is none. `unusual` is called instead, with nothing of the request used up, if it
   * does not look like one of at most `size` bytes in one piece.
   */
  read(exchange: Exchange, size: number, done: (message: Uint8Array | undefined) => void, unusual: () => void): void;
  answer(exchange: Exchange, message: Uint8Array): void;
  refuse(exchange: Exchange, error: ConnectError): void;
}

const UNITS: Readonly<Record<string, number>> = { S: 1_000, m: 1, u: 1e-3, n: 1e-6, M: 60_000, H: 3_600_000 };

/** gRPC over HTTP/2, uncompressed. */
export const GRPC: Wire = {
  binary: true,
  timeout: (exchange) => {
    const text = exchange.header("grpc-timeout");
    if (text === undefined) return undefined;
    const [, amount, unit = ""] = /^(\d{1,8})([HMSmun])$/.exec(text) ?? [];
    return amount === undefined ? "unusual" : Number(amount) * (UNITS[unit] ?? 1);
  },
  read: ({ req }, size, done, unusual) => {
    let message: Uint8Array | undefined;
    const leave = (back: Uint8Array) => {
      req.off("data", onData).off("end", onEnd).pause();
      req.unshift(back);
      unusual();
    };
    const onData = (chunk: Buffer) => {
      if (message !== undefined) return leave(Buffer.concat([encodeEnvelope(0, message), chunk]));
      const isWhole = chunk.byteLength >= HEAD && chunk[0] === 0 && chunk.readUInt32BE(1) === chunk.byteLength - HEAD;
      if (!isWhole || chunk.byteLength - HEAD > size) return leave(chunk);
      message = chunk.subarray(HEAD);
    };
    const onEnd = () => done(message);
    req.on("data", onData).once("end", onEnd);
  },
  answer: ({ res }, message) => {
    res.writeHead(200, { "content-type": "application/grpc+proto" });
    res.write(encodeEnvelope(0, message));
    res.addTrailers({ "grpc-status": "0" });
    res.end();
  },
  refuse: (exchange, error) => {
    exchange.discard();
    exchange.res.writeHead(200, { "content-type": "application/grpc+proto" });
    exchange.res.addTrailers(Object.fromEntries(statusTrailer(error)));
    exchange.res.end();
  },
};

/** JSON over HTTP/1.1 as Connect has it, uncompressed and with its length told. */
export const JSON1: Wire = {
  binary: false,
  timeout: (exchange) => {
    const text = exchange.header("connect-timeout-ms");
    if (text === undefined) return undefined;
    return /^\d{1,10}$/.test(text) ? Number(text) : "unusual";
  },
  read: ({ req }, size, done, unusual) => {
    const length = Number(req.headers["content-length"] ?? Number.NaN);
    if (!(length <= size)) return unusual();
    const chunks: Buffer[] = [];
    req
      .on("data", (chunk: Buffer) => chunks.push(chunk))
      .once("end", () => done(chunks.length === 1 ? (chunks[0] ?? Buffer.alloc(0)) : Buffer.concat(chunks)));
  },
  answer: ({ res }, message) => {
    res.writeHead(200, { "content-type": "application/json", "content-length": message.byteLength });
    res.end(message);
  },
  refuse: (exchange, error) => {
    exchange.discard();
    const body = errorToJsonBytes(error, undefined);
    exchange.res.writeHead(codeToHttpStatus(error.code), { "content-type": "application/json", "content-length": body.byteLength });
    exchange.res.end(body);
  },
};
