import { once } from "node:events";
import { createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import {
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  file_google_protobuf_go_features,
} from "@bufbuild/protobuf/wkt";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import type { Client, ClientDuplexStream } from "@grpc/grpc-js";
import { describe, expect, test } from "vitest";
import { file_callme_v1_environment_service } from "../../gen/ts/callme/v1/environment_service_pb.ts";
import { file_callme_v1_lock_service } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { ServerReflection as V1 } from "../../gen/ts/grpc/reflection/v1/reflection_pb.ts";
import { ServerReflection as V1Alpha } from "../../gen/ts/grpc/reflection/v1alpha/reflection_pb.ts";
import { reflectionServices } from "../../src/rpc/connect/reflection.ts";
import { openDoor } from "./doors.ts";
import { stockClient } from "./stock.ts";

interface Answer {
  valid_host: string;
  original_request: object;
  message_response: string;
  list_services_response: { service: { name: string }[] };
  file_descriptor_response: { file_descriptor_proto: Buffer[] };
  all_extension_numbers_response: { base_type_name: string; extension_number: number[] };
  error_response: { error_code: number; error_message: string };
}

/** An open reflection stream; each request gets its answer. */
async function reflection(version: "v1" | "v1alpha") {
  const files = [file_callme_v1_lock_service, file_callme_v1_environment_service, file_google_protobuf_go_features];
  const services = reflectionServices(files, ["callme.v1.LockService", "callme.v1.EnvironmentService"]);
  const door = await openDoor(
    connectNodeAdapter({
      routes: (router) => void router.service(V1, services.v1).service(V1Alpha, services.v1alpha),
    }),
  );
  const name = `grpc.reflection.${version}.ServerReflection`;
  const client = stockClient(door.port, `grpc/reflection/${version}/reflection.proto`, name) as Client & {
    ServerReflectionInfo(): ClientDuplexStream<object, Answer>;
  };
  const stream = client.ServerReflectionInfo();
  // It is still open when the test ends and its door closes; while one waits for an answer, `once` rejects.
  stream.on("error", () => undefined);
  return async (request: object): Promise<Answer> => {
    stream.write(request);
    const [answer] = await once(stream, "data");
    return answer as Answer;
  };
}

function files(answer: Answer): FileDescriptorProto[] {
  return answer.file_descriptor_response.file_descriptor_proto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
}

describe.each(["v1", "v1alpha"] as const)("reflection %s", (version) => {
  test("lists the services, and repeats host and request", async () => {
    const ask = await reflection(version);
    const answer = await ask({ host: "h", list_services: "*" });
    expect(answer.list_services_response.service.map(({ name }) => name)).toEqual([
      "callme.v1.LockService",
      "callme.v1.EnvironmentService",
    ]);
    expect(answer.valid_host).toBe("h");
    expect(answer.original_request).toMatchObject({ host: "h", list_services: "*" });
  });

  test("gives a file with all that it imports, so that a client can use it", async () => {
    const ask = await reflection(version);
    const protos = files(await ask({ file_by_filename: "callme/v1/lock_service.proto" }));
    const names = protos.map(({ name }) => name);
    expect(names[0]).toBe("callme/v1/lock_service.proto");
    expect(names.slice(1).sort()).toEqual(["callme/v1/types.proto", "google/protobuf/duration.proto", "google/protobuf/timestamp.proto"]);
    const registry = createFileRegistry({ $typeName: FileDescriptorSetSchema.typeName, file: protos.reverse() });
    expect(registry.getService("callme.v1.LockService")?.methods.map(({ name }) => name)).toContain("Acquire");
  });

  test.each([
    ["a service", "callme.v1.LockService", "callme/v1/lock_service.proto"],
    ["a method", "callme.v1.LockService.Acquire", "callme/v1/lock_service.proto"],
    ["a message", "callme.v1.Lease", "callme/v1/types.proto"],
    ["a field", "callme.v1.LeasedEnvironment.fencing_token", "callme/v1/types.proto"],
    ["an enum", "callme.v1.IfBusy", "callme/v1/lock_service.proto"],
    ["an enum's value", "callme.v1.IF_BUSY_QUEUE", "callme/v1/lock_service.proto"],
    ["a nested enum's value", "google.protobuf.FieldDescriptorProto.TYPE_INT32", "google/protobuf/descriptor.proto"],
    ["an extension", "pb.go", "google/protobuf/go_features.proto"],
    ["an imported message", "google.protobuf.Duration", "google/protobuf/duration.proto"],
  ])("finds the file of %s", async (_kind, symbol, file) => {
    const ask = await reflection(version);
    expect(files(await ask({ file_containing_symbol: symbol }))[0]?.name).toBe(file);
  });

  test("finds extensions by type and number", async () => {
    const ask = await reflection(version);
    const extension = (containing_type: string, extension_number: number) =>
      ask({ file_containing_extension: { containing_type, extension_number } });
    expect(files(await extension("google.protobuf.FeatureSet", 1002))[0]?.name).toBe("google/protobuf/go_features.proto");
    expect((await extension("google.protobuf.FeatureSet", 7)).error_response.error_code).toBe(5);
    const numbers = async (type: string) => (await ask({ all_extension_numbers_of_type: type })).all_extension_numbers_response;
    expect(await numbers("google.protobuf.FeatureSet")).toEqual({
      base_type_name: "google.protobuf.FeatureSet",
      extension_number: [1002],
    });
    expect(await numbers("callme.v1.Lease")).toEqual({ base_type_name: "callme.v1.Lease", extension_number: [] });
  });

  test("answers what it does not know with an error, and goes on", async () => {
    const ask = await reflection(version);
    const unknown = [
      { file_containing_symbol: "no.Such" },
      { file_containing_symbol: "callme.v1.Lease.nothing" },
      { file_by_filename: "no.proto" },
      { all_extension_numbers_of_type: "no.Such" },
    ];
    for (const request of unknown) expect((await ask(request)).error_response.error_code).toBe(5);
    expect((await ask({})).error_response.error_code).toBe(3);
    expect((await ask({ list_services: "" })).message_response).toBe("list_services_response");
  });
});
