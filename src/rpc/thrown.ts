/** What was thrown on the way of a call, as an error for the wire: the same on both ways. */
import type { DescMethod } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { setTrailerStatus } from "@connectrpc/connect/protocol-grpc";
import { EngineFailure } from "../engine/failure.ts";
import { StoreFailure } from "../store/store.ts";
import { failure, toConnectError } from "./errors.ts";

/** Told of an error that nobody foresaw. */
export type Report = (error: unknown, method: string) => void;

/**
 * What a method threw, as an error for the wire. What nobody foresaw is reported; a failure of the store is not: the
 * store reports it itself, once for all calls that fail of it.
 */
export function translated(error: unknown, method: DescMethod, report: Report): ConnectError {
  if (!(error instanceof ConnectError || error instanceof StoreFailure || error instanceof EngineFailure)) report(error, method.name);
  return toConnectError(error);
}

/** What the reading of a request threw, as an error for the wire. */
export function unread(error: unknown): ConnectError {
  if (error instanceof ConnectError) return explain(error) ?? error;
  return failure("CALLER_GONE", "the request was cut short: its caller is gone");
}

/** The trailer of a gRPC answer that is an error. */
export function statusTrailer(error: ConnectError): Headers {
  const trailer = setTrailerStatus(new Headers(), error);
  encodeMessage(trailer, error);
  return trailer;
}

/**
 * An error of connect-es about a request that it could not read, with our reason and details: it has none, and some call the caller's mistake
 * `internal`. Undefined if it has details already, or is not about the request.
 */
export function explain(error: ConnectError): ConnectError | undefined {
  if (error.details.length > 0) return undefined;
  const words = error.rawMessage;
  switch (error.code) {
    case Code.ResourceExhausted:
      return tooLarge(Number(/readMaxBytes (\d+)/.exec(words)?.[1]));
    case Code.InvalidArgument:
    case Code.Internal:
      return failure("MALFORMED", `the request could not be read: ${words === "internal error" ? "it is no valid base64" : words}`);
    case Code.Unimplemented:
      if (words.startsWith("protocol error")) return failure("MALFORMED", words);
      return failure("UNKNOWN_ENCODING", words);
    default:
      return undefined;
  }
}

/** A request of more bytes than this. */
export function tooLarge(limit: number): ConnectError {
  return failure("TOO_LARGE", `the request is larger than ${limit / 1024} KiB; make it smaller, don't retry it`);
}

/**
 * Percent-encodes the message as gRPC's specification says. connect-es encodes more characters, which grpc-js does not decode: its users
 * would read `ttl%3A`.
 */
export function encodeMessage(trailer: Headers, error: ConnectError): void {
  trailer.set("grpc-message", error.rawMessage.replace(/[^\x20-\x24\x26-\x7e]+/gu, encodeURIComponent));
}
