import { create, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import {
  WatchEnvironmentRequestSchema,
  WatchEnvironmentResponseSchema,
  WatchLeaseRequestSchema,
  WatchLeaseResponseSchema,
} from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { pulled, type Tell } from "../../src/engine/watch/tell.ts";
import { encoded, type Form } from "../../src/rpc/encoding/shared.ts";
import { NOBODY } from "../../src/rpc/http/door/peer.ts";
import type { Call, Service } from "../../src/rpc/methods/call.ts";
import { watchEnvironment, watchLease } from "../../src/rpc/methods/streams.ts";
import { Principals } from "../../src/rpc/principal.ts";
import { callOf, House, immediate } from "../engine/audience.ts";
import { emptyChronicle, silentNotices } from "../engine/chronicles.ts";
import { nobodyKnown, unbound } from "./known.ts";

const FORMS: readonly Form[] = ["binary", "json", "line"];

/** Twenty readers of one stream. */
class Readers<S extends DescMessage> {
  readonly #house: House;
  readonly #schema: S;
  readonly #streams: readonly AsyncGenerator<MessageShape<S>, void, undefined>[];
  /** All bytes that a message was turned into, by any of the readers. */
  readonly bytes = new Set<Buffer>();

  constructor(house: House, schema: S, stream: (service: Service, call: Call, tell: Tell<MessageShape<S>>) => Promise<void>) {
    const service = {
      engine: house.engine,
      chronicle: emptyChronicle(house.engine.views),
      notices: silentNotices(house.engine.views),
      principals: new Principals(undefined, new Uint8Array(32), nobodyKnown(house.engine)),
      ...unbound(),
      autoCreate: true,
      secrets: new Map(),
    };
    const call = {
      caller: service.principals.identify(undefined, NOBODY),
      ...callOf(new AbortController().signal),
      handOver: () => () => {},
      system: "grpc" as const,
    };
    this.#house = house;
    this.#schema = schema;
    this.#streams = Array.from({ length: 20 }, () => pulled<MessageShape<S>>((tell) => stream(service, call, tell)));
  }

  /** Each reads a message, after so many milliseconds of silence, and writes it in every form. */
  async read(silence = 0): Promise<void> {
    const told = this.#streams.map((stream) => stream.next());
    for (let passed = 0; passed < silence; passed += 1_000) {
      await immediate();
      this.#house.timers.pass(1_000);
    }
    for (const { value } of await Promise.all(told)) {
      if (!value) throw new Error("the stream has ended");
      for (const form of FORMS) this.bytes.add(encoded(this.#schema, value, form));
    }
  }
}

test("a snapshot, a change and a heartbeat of a watch become bytes once for each form, whoever reads them", async () => {
  const house = await House.open();
  const request = create(WatchEnvironmentRequestSchema, { environment: "uat" });
  const readers = new Readers(house, WatchEnvironmentResponseSchema, (service, call, tell) =>
    watchEnvironment(service, request, call, tell),
  );
  await readers.read();
  expect(readers.bytes.size).toBe(FORMS.length);
  await house.acquire("uat");
  await readers.read();
  expect(readers.bytes.size).toBe(2 * FORMS.length);
  await readers.read(30_000);
  expect(readers.bytes.size).toBe(3 * FORMS.length);
});

test("so does what the readers of one lease are told", async () => {
  const house = await House.open();
  const { id } = await house.acquire("uat");
  const request = create(WatchLeaseRequestSchema, { leaseId: id });
  const readers = new Readers(house, WatchLeaseResponseSchema, (service, call, tell) => watchLease(service, request, call, tell));
  await readers.read();
  expect(readers.bytes.size).toBe(FORMS.length);
  await house.release(id);
  await readers.read();
  expect(readers.bytes.size).toBe(2 * FORMS.length);
});
