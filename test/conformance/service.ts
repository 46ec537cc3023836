// The methods of the suite's ConformanceService: each answers as its request says, and tells what it has received.
import { create, createRegistry, type MessageInitShape } from "@bufbuild/protobuf";
import { type Any, anyPack, anyUnpack } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import type { Tell } from "../../src/engine/watch/tell.ts";
import { relayed } from "../../src/rpc/connect/relay.ts";
import { type Conversation, type Fields, longWay } from "./conversation.ts";
import * as pb from "./gen/connectrpc/conformance/v1/service_pb.ts";

type Payload = MessageInitShape<typeof pb.ConformancePayloadSchema>;

/** The messages that an Any of the suite holds. */
export const REGISTRY = createRegistry(
  pb.UnaryRequestSchema,
  pb.IdempotentUnaryRequestSchema,
  pb.ClientStreamRequestSchema,
  pb.ServerStreamRequestSchema,
  pb.BidiStreamRequestSchema,
  pb.ConformancePayload_RequestInfoSchema,
);

/** The answer of a unary method, or of a stream of requests, to all that it was sent. */
export async function answer(
  definition: pb.UnaryResponseDefinition | undefined,
  requests: readonly Any[],
  talk: Conversation,
): Promise<{ payload: Payload }> {
  const requestInfo = received(requests, talk);
  begin(definition, talk);
  await delay(definition?.responseDelayMs, talk);
  const response = definition?.response;
  if (response?.case === "error") throw errorOf(response.value, requestInfo);
  return { payload: { requestInfo, ...(response?.case === "responseData" && { data: response.value }) } };
}

const { unimplemented, ...METHODS } = pb.ConformanceService.method;

/** ConformanceService without Unimplemented: that the server does not have it is what the suite calls it for. */
export const SERVICE = { ...pb.ConformanceService, method: METHODS, methods: Object.values(METHODS) };

/** Its methods, as connect-es calls them. */
export const methods: ServiceImpl<typeof SERVICE> = {
  unary: (request, context) => answer(request.responseDefinition, [anyPack(pb.UnaryRequestSchema, request)], longWay(context)),
  idempotentUnary: (request, context) =>
    answer(request.responseDefinition, [anyPack(pb.IdempotentUnaryRequestSchema, request)], longWay(context)),
  async clientStream(requests, context) {
    const all: pb.ClientStreamRequest[] = [];
    for await (const request of requests) all.push(request);
    const packed = all.map((request) => anyPack(pb.ClientStreamRequestSchema, request));
    return answer(all[0]?.responseDefinition, packed, longWay(context));
  },
  serverStream: (request, context) => relayed(pb.ServerStreamResponseSchema, (tell) => follow(request, longWay(context), tell), context),
  bidiStream,
};

/** Tells the answers of a stream to its one request. */
export async function follow(request: pb.ServerStreamRequest, talk: Conversation, tell: Tell<pb.ServerStreamResponse>): Promise<void> {
  const { responseDefinition: definition } = request;
  const packed = [anyPack(pb.ServerStreamRequestSchema, request)];
  begin(definition, talk);
  for (const payload of payloads(definition, 0, packed, talk)) {
    await delay(definition?.responseDelayMs, talk);
    await tell(create(pb.ServerStreamResponseSchema, { payload }));
  }
  fail(definition, packed, talk);
}

/**
 * With full duplex each request is answered when it comes, up to the first for which there is no answer; those that are left come at the
 * end.
 */
async function* bidiStream(requests: AsyncIterable<pb.BidiStreamRequest>, context: HandlerContext) {
  const talk = longWay(context);
  let first: pb.BidiStreamRequest | undefined;
  let unanswered: Any[] = [];
  let sent = 0;
  for await (const request of requests) {
    if (first === undefined) begin(request.responseDefinition, talk);
    first ??= request;
    unanswered.push(anyPack(pb.BidiStreamRequestSchema, request));
    if (!first.fullDuplex) continue;
    const data = first.responseDefinition?.responseData[sent];
    if (data === undefined) break;
    await delay(first.responseDefinition?.responseDelayMs, talk);
    yield { payload: { data, requestInfo: received(unanswered, talk) } };
    unanswered = [];
    sent++;
  }
  for (const payload of payloads(first?.responseDefinition, sent, unanswered, talk)) {
    await delay(first?.responseDefinition?.responseDelayMs, talk);
    yield { payload };
  }
  fail(first?.responseDefinition, unanswered, talk);
}

/** What is left to send, of which the stream's first message tells what was received. */
function payloads(
  definition: pb.StreamResponseDefinition | undefined,
  sent: number,
  requests: readonly Any[],
  talk: Conversation,
): Payload[] {
  const rest = definition?.responseData.slice(sent) ?? [];
  return rest.map((data, index) => ({ data, ...(sent + index === 0 && { requestInfo: received(requests, talk) }) }));
}

/** The end of a stream. Its error tells what was received, if no message did. */
function fail(definition: pb.StreamResponseDefinition | undefined, requests: readonly Any[], talk: Conversation): void {
  if (definition?.error === undefined) return;
  throw errorOf(definition.error, definition.responseData.length === 0 ? received(requests, talk) : undefined);
}

function begin(definition: pb.UnaryResponseDefinition | pb.StreamResponseDefinition | undefined, talk: Conversation): void {
  talk.head(fieldsOf(definition?.responseHeaders ?? []));
  talk.tail(fieldsOf(definition?.responseTrailers ?? []));
}

/** Waits as long as the suite wants, or until the caller is gone or its deadline over. */
async function delay(ms: number | undefined, talk: Conversation): Promise<void> {
  if (ms === undefined || ms === 0) return;
  const over = AbortSignal.any([talk.signal, AbortSignal.timeout(ms)]);
  if (!over.aborted) await new Promise((resolve) => over.addEventListener("abort", resolve, { once: true }));
  if (talk.signal.aborted) throw new ConnectError("the call's deadline has passed", Code.DeadlineExceeded);
}

function received(requests: readonly Any[], talk: Conversation): pb.ConformancePayload_RequestInfo {
  const left = talk.timeLeft();
  return create(pb.ConformancePayload_RequestInfoSchema, {
    requestHeaders: headersOf(talk.headers),
    requests: [...requests],
    ...(left !== undefined && { timeoutMs: BigInt(Math.round(left)) }),
    ...(talk.query !== undefined && { connectGetInfo: { queryParams: headersOf(talk.query) } }),
  });
}

function errorOf(error: pb.Error, requestInfo: pb.ConformancePayload_RequestInfo | undefined): ConnectError {
  const details = error.details.map((detail) => {
    const value = anyUnpack(detail, REGISTRY);
    if (value === undefined) throw new Error(`the suite wants an error with ${detail.typeUrl}, which is not in REGISTRY`);
    return value;
  });
  if (requestInfo !== undefined) details.push(requestInfo);
  // Both number the codes alike.
  const code = error.code as number as Code;
  return new ConnectError(
    error.message ?? "",
    code,
    undefined,
    details.map((value) => {
      const desc = REGISTRY.getMessage(value.$typeName);
      if (desc === undefined) throw new Error(`${value.$typeName} is not in REGISTRY`);
      return { desc, value };
    }),
  );
}

function headersOf(fields: Fields): { name: string; value: string[] }[] {
  return [...Map.groupBy(fields, ([name]) => name)].map(([name, pairs]) => ({ name, value: pairs.map(([, value]) => value) }));
}

function fieldsOf(headers: readonly pb.Header[]): [string, string][] {
  return headers.flatMap(({ name, value }) => value.map((one): [string, string] => [name, one]));
}
