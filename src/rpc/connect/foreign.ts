/** The errors that connect-es answers with by itself, told as thrown.ts has them, in each protocol's form. */
import { Code, ConnectError } from "@connectrpc/connect";
import { type Compression, encodeEnvelope, type UniversalServerResponse } from "@connectrpc/connect/protocol";
import {
  codeToHttpStatus,
  endStreamFlag,
  endStreamFromJson,
  endStreamToJson,
  errorFromJsonBytes,
  errorToJson,
} from "@connectrpc/connect/protocol-connect";
import { findTrailerError, setTrailerStatus } from "@connectrpc/connect/protocol-grpc";
import { trailerFlag, trailerParse, trailerSerialize } from "@connectrpc/connect/protocol-grpc-web";
import { HEAD } from "../encoding/binary.ts";
import { failure } from "../errors.ts";
import { encodeMessage, explain, tooLarge } from "../thrown.ts";
import type { Course } from "./course.ts";

/** A compression whose errors say that the input is damaged, or too large. */
export function plainSpoken(compression: Compression): Compression {
  return {
    ...compression,
    decompress: (bytes, most) =>
      compression.decompress(bytes, most).catch((error: unknown) => {
        if (ConnectError.from(error).code === Code.ResourceExhausted) throw tooLarge(most);
        throw failure("MALFORMED", `the request is no ${compression.name}: it was cut short, damaged, or never compressed`);
      }),
  };
}

/**
 * The answer, with our reason and details in an error that connect-es made before the request had been read; an error after that is not
 * about the request. The course ends with it.
 */
export async function explained(answer: UniversalServerResponse, course: Course): Promise<UniversalServerResponse> {
  const type = answer.header?.get("content-type") ?? "";
  const body = answer.body;
  if (body === undefined) return answer;
  const { trailer } = answer;
  if (trailer !== undefined) return { ...answer, body: ended(body, () => explainTrailer(trailer, course)) };
  if (type === "application/json") return answer.status === 200 || course.isRead ? answer : await explainBody(answer, body, course);
  if (!course.isRead) return { ...answer, body: mapped(body, (chunk) => explainEnvelope(chunk, type, course)) };
  return answer;
}

async function explainBody(
  answer: UniversalServerResponse,
  body: AsyncIterable<Uint8Array>,
  course: Course,
): Promise<UniversalServerResponse> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  const error = errorFromJsonBytes(bytes, undefined, new ConnectError("malformed", Code.InvalidArgument));
  const explanation = explain(error);
  course.ended(explanation ?? error);
  if (explanation === undefined) return { ...answer, body: once(bytes) };
  const json = Buffer.from(JSON.stringify(errorToJson(explanation, undefined)));
  const header = new Headers(answer.header);
  header.set("content-length", String(json.byteLength));
  return { ...answer, status: codeToHttpStatus(explanation.code), header, body: once(json) };
}

/** gRPC-Web and Connect's streams tell an error in the last envelope, which is a chunk of its own. */
function explainEnvelope(chunk: Uint8Array, type: string, course: Course): Uint8Array {
  const [flags] = chunk;
  const data = chunk.subarray(HEAD);
  if (flags === trailerFlag && type.startsWith("application/grpc-web")) {
    const trailer = trailerParse(data);
    explainTrailer(trailer, course);
    return encodeEnvelope(flags, trailerSerialize(trailer));
  }
  if (flags !== endStreamFlag || !type.startsWith("application/connect+")) return chunk;
  const { metadata, error } = endStreamFromJson(data);
  const explanation = error === undefined ? undefined : explain(error);
  if (error !== undefined) course.ended(explanation ?? error);
  if (explanation === undefined) return chunk;
  return encodeEnvelope(flags, Buffer.from(JSON.stringify(endStreamToJson(metadata, explanation, undefined))));
}

function explainTrailer(trailer: Headers, course: Course): void {
  const error = findTrailerError(trailer);
  if (error === undefined) return;
  const explanation = course.isRead ? undefined : explain(error);
  course.ended(explanation ?? error);
  if (explanation !== undefined) setTrailerStatus(trailer, explanation);
  encodeMessage(trailer, explanation ?? error);
}

/** connect-es writes the trailer when the body ends: the error of a stream comes only then. */
async function* ended(body: AsyncIterable<Uint8Array>, then: () => void): AsyncIterable<Uint8Array> {
  yield* body;
  then();
}

async function* mapped(body: AsyncIterable<Uint8Array>, change: (chunk: Uint8Array) => Uint8Array): AsyncIterable<Uint8Array> {
  for await (const chunk of body) yield change(chunk);
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}
