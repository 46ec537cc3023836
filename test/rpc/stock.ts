// A stock gRPC client: grpc-js with the .proto files loaded at run time, and nothing of ours.
import path from "node:path";
import { fileURLToPath } from "node:url";
import { type Client, credentials, type GrpcObject, loadPackageDefinition, type ServiceClientConstructor } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { onTestFinished } from "vitest";

const protos = path.join(path.dirname(fileURLToPath(import.meta.url)), "..", "..", "proto");

/** A client of a service, by the file that declares it and its full name; closed when the test ends. */
export function stockClient(port: number, file: string, service: string): Client {
  const options = { includeDirs: [protos], keepCase: true, longs: String, enums: String, defaults: true, oneofs: true };
  let at: GrpcObject[string] | undefined = loadPackageDefinition(loadSync(file, options));
  for (const name of service.split(".")) at = (at as GrpcObject)[name];
  const client = new (at as ServiceClientConstructor)(`127.0.0.1:${port}`, credentials.createInsecure());
  onTestFinished(() => client.close());
  return client;
}
