import type { DescMessage, DescMethodServerStreaming, DescMethodUnary, MessageInitShape, MessageShape, Registry } from "@bufbuild/protobuf";
import type { ConnectError } from "@connectrpc/connect";
import type { System } from "../../engine/observer.ts";
import type { Form } from "../encoding/shared.ts";
import type { Outlet } from "../http/outlet.ts";

/** What the direct way has to know of a method. */
export interface DirectMethod {
  /** The path of its requests. */
  readonly path: string;
  readonly desc: DescMethodUnary | DescMethodServerStreaming;
  /** Largest request, in bytes. */
  readonly size: number;
  /** The messages that an Any of its requests and answers may hold. */
  readonly registry?: Registry;
}

/** The bytes of the message of a request, or what reading it came to; see Protocol.read. */
export type Received = Uint8Array | Promise<Uint8Array>;

/** One of the protocols that the direct way takes: how its requests are told, read and refused. `E`: what a request comes as. */
export interface Protocol<E> {
  readonly system: System;
  /** Whether the headers are those of a usual call whose request is of at most `size` bytes. */
  isUsual(exchange: E, size: number): boolean;
  /** How long the caller waits, in ms; undefined: for ever. */
  timeout(exchange: E): number | undefined;
  /**
   * Reads the request, and calls `done` with the bytes of the message; rejects with connect-es's own error if they are not one of at most
   * the method's size.
   */
  read(exchange: E, method: DirectMethod, done: (message: Received) => void): void;
  parse(method: DirectMethod, bytes: Uint8Array): MessageShape<DescMessage>;
  /** Also in place of the rest of an answer that has begun, where the protocol knows such answers. */
  refuse(exchange: E, error: ConnectError): void;
}

/** How it has calls with one answer. */
export interface UnaryProtocol<E> extends Protocol<E> {
  encode(method: DirectMethod, message: MessageInitShape<DescMessage>): Uint8Array;
  answer(exchange: E, message: Uint8Array): void;
}

/** How it has calls with answers of several messages. */
export interface StreamProtocol<E> extends Protocol<E> {
  readonly form: Form;
  /** Sends the head of the answer, and gives what takes the rest. */
  begin(exchange: E): Outlet;
  /** Ends it well, whether or not it has begun. */
  end(exchange: E): void;
}
