/** Requests in an envelope, of which one message is all: gRPC's, and those of Connect's streams. */
import type { Readable } from "node:stream";
import { Code, ConnectError } from "@connectrpc/connect";
import { createAsyncIterable, pipe, transformDecompressEnvelope, transformSplitEnvelope } from "@connectrpc/connect/protocol";
import { HEAD } from "../encoding/binary.ts";
import type { DirectMethod, Received } from "./protocol.ts";

/** Whether an envelope is a message of the request, and not to be skipped; throws connect-es's own error if it cannot be read. */
export type Judge = (flags: number, data: Uint8Array) => boolean;

/** Reads a request to its end, or to where it is too long; see Protocol.read. */
export function readEnvelope(body: Readable, method: DirectMethod, judge: Judge, done: (message: Received) => void): void {
  const { size } = method;
  let bytes: Buffer | undefined;
  const take = (chunk: Buffer) => {
    bytes = bytes === undefined ? chunk : Buffer.concat([bytes, chunk]);
    if (bytes.byteLength > size + HEAD) finish();
  };
  const finish = () => {
    body.off("data", take).off("end", finish);
    done(isWhole(bytes, size) ? bytes.subarray(HEAD) : messageIn(bytes, method, judge));
  };
  body.on("data", take).once("end", finish);
}

function isWhole(bytes: Buffer | undefined, size: number): bytes is Buffer {
  if (bytes === undefined || bytes.byteLength < HEAD || bytes[0] !== 0) return false;
  const length = bytes.byteLength - HEAD;
  return length <= size && bytes.readUInt32BE(1) === length;
}

/**
 * What is not one whole message is judged by connect-es, so that it is refused alike on both ways; of several faults, for the first one.
 */
async function messageIn(bytes: Buffer | undefined, { desc, size }: DirectMethod, judge: Judge): Promise<Uint8Array> {
  const envelopes = pipe(
    createAsyncIterable(bytes === undefined ? [] : [bytes]),
    transformSplitEnvelope(size),
    transformDecompressEnvelope(null, size),
  );
  const fault = (words: string) =>
    new ConnectError(`protocol error: ${words} for ${desc.methodKind.replace("_", "-")} method`, Code.Unimplemented);
  let message: Uint8Array | undefined;
  for await (const { flags, data } of envelopes) {
    if (!judge(flags, data)) continue;
    if (message !== undefined) throw fault("received extra input message");
    message = data;
  }
  if (message === undefined) throw fault("missing input message");
  return message;
}
