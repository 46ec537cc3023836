import { create, type MessageShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { WatchEnvironmentRequestSchema, WatchEnvironmentResponseSchema } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { pulled } from "../../src/engine/watch/tell.ts";
import { encoded, type Form } from "../../src/rpc/encoded.ts";
import { watchEnvironment } from "../../src/rpc/methods/streams.ts";
import { Principals } from "../../src/rpc/principal.ts";
import { House, immediate } from "../engine/audience.ts";

const FORMS: readonly Form[] = ["binary", "json", "line"];

test("a snapshot, a change and a heartbeat become bytes once for each form, whoever reads them", async () => {
  const house = await House.open();
  const service = { engine: house.engine, principals: new Principals(undefined, new Uint8Array(32)), autoCreate: true };
  const { signal } = new AbortController();
  const call = {
    caller: { principal: "anonymous" },
    signal,
    gone: false,
    onGone: () => {},
    timeLeft: () => undefined,
    handOver: () => () => {},
  };
  const request = create(WatchEnvironmentRequestSchema, { environment: "uat" });
  const readers = Array.from({ length: 20 }, () =>
    pulled<MessageShape<typeof WatchEnvironmentResponseSchema>>((tell) => watchEnvironment(service, request, call, tell)),
  );
  const bytes = new Set<Buffer>();
  const read = async (silence = 0) => {
    const told = readers.map((reader) => reader.next());
    for (let passed = 0; passed < silence; passed += 1_000) {
      await immediate();
      house.timers.pass(1_000);
    }
    for (const { value } of await Promise.all(told)) {
      if (!value) throw new Error("the watch has ended");
      for (const form of FORMS) bytes.add(encoded(WatchEnvironmentResponseSchema, value, form));
    }
  };
  await read();
  expect(bytes.size).toBe(FORMS.length);
  await house.acquire("uat");
  await read();
  expect(bytes.size).toBe(2 * FORMS.length);
  await read(30_000);
  expect(bytes.size).toBe(3 * FORMS.length);
  for (const reader of readers) await reader.return();
});
