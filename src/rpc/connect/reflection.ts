import { type DescFile, type DescMessage, toBinary } from "@bufbuild/protobuf";
import { nestedTypes } from "@bufbuild/protobuf/reflect";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { Code, type ServiceImpl } from "@connectrpc/connect";
import type * as v1 from "../../../gen/ts/grpc/reflection/v1/reflection_pb.ts";
import type * as v1alpha from "../../../gen/ts/grpc/reflection/v1alpha/reflection_pb.ts";

type Request = v1.ServerReflectionRequest | v1alpha.ServerReflectionRequest;
/** The message_response of either version. */
type Answer =
  | { case: "listServicesResponse"; value: { service: { name: string }[] } }
  | { case: "fileDescriptorResponse"; value: { fileDescriptorProto: Uint8Array[] } }
  | { case: "allExtensionNumbersResponse"; value: { baseTypeName: string; extensionNumber: number[] } }
  | { case: "errorResponse"; value: { errorCode: number; errorMessage: string } };

/** Server reflection over `files` and all that they import. `services`: the full names that a listing tells. */
export function reflectionServices(
  files: readonly DescFile[],
  services: readonly string[],
): { v1: ServiceImpl<typeof v1.ServerReflection>; v1alpha: ServiceImpl<typeof v1alpha.ServerReflection> } {
  const index = new Index(files, services);
  // The two versions differ in their package only, so plain objects fit both.
  async function* serverReflectionInfo<R extends Request>(requests: AsyncIterable<R>) {
    for await (const request of requests) {
      yield { validHost: request.host, originalRequest: request, messageResponse: index.answer(request.messageRequest) };
    }
  }
  return { v1: { serverReflectionInfo }, v1alpha: { serverReflectionInfo } };
}

class Index {
  readonly #services: readonly string[];
  readonly #files = new Map<string, DescFile>();
  readonly #symbols = new Map<string, DescFile>();
  readonly #extensions = new Map<string, Map<number, DescFile>>();
  readonly #bytes = new Map<DescFile, Uint8Array>();

  constructor(files: readonly DescFile[], services: readonly string[]) {
    this.#services = services;
    for (const file of closure(files)) {
      this.#files.set(file.proto.name, file);
      for (const symbol of symbols(file)) this.#symbols.set(symbol, file);
      this.#addExtensions(file);
    }
  }

  #addExtensions(file: DescFile): void {
    for (const type of nestedTypes(file)) {
      if (type.kind === "message") this.#extensions.set(type.typeName, this.#extensions.get(type.typeName) ?? new Map());
      if (type.kind !== "extension") continue;
      const numbers = this.#extensions.get(type.extendee.typeName) ?? new Map<number, DescFile>();
      this.#extensions.set(type.extendee.typeName, numbers.set(type.number, file));
    }
  }

  /** An unknown name is an answer, never an error of the call: the client goes on asking. */
  answer(request: Request["messageRequest"]): Answer {
    switch (request.case) {
      case "listServices":
        return { case: "listServicesResponse", value: { service: this.#services.map((name) => ({ name })) } };
      case "fileByFilename":
        return this.#fileAnswer(this.#files.get(request.value), `no file "${request.value}"`);
      case "fileContainingSymbol":
        return this.#fileAnswer(this.#symbols.get(request.value), `no symbol "${request.value}"`);
      case "fileContainingExtension": {
        const { containingType, extensionNumber } = request.value;
        const file = this.#extensions.get(containingType)?.get(extensionNumber);
        return this.#fileAnswer(file, `no extension ${extensionNumber} of "${containingType}"`);
      }
      case "allExtensionNumbersOfType": {
        const numbers = this.#extensions.get(request.value);
        if (numbers === undefined) return failure(Code.NotFound, `no message "${request.value}" here`);
        const value = { baseTypeName: request.value, extensionNumber: [...numbers.keys()] };
        return { case: "allExtensionNumbersResponse", value };
      }
      default:
        return failure(Code.InvalidArgument, "the request asks for nothing; set one field of message_request");
    }
  }

  #fileAnswer(file: DescFile | undefined, missing: string): Answer {
    if (file === undefined) return failure(Code.NotFound, `${missing} here; list_services tells what there is`);
    const fileDescriptorProto = [...closure([file])].map((each) => this.#serialised(each));
    return { case: "fileDescriptorResponse", value: { fileDescriptorProto } };
  }

  #serialised(file: DescFile): Uint8Array {
    const bytes = this.#bytes.get(file) ?? toBinary(FileDescriptorProtoSchema, file.proto);
    this.#bytes.set(file, bytes);
    return bytes;
  }
}

/** Connect's codes are gRPC's numbers. */
function failure(code: Code, message: string): Answer {
  return { case: "errorResponse", value: { errorCode: code, errorMessage: message } };
}

/** The files and all that they import, each once, before what it imports. */
function closure(files: readonly DescFile[]): Set<DescFile> {
  const found = new Set(files);
  // A Set's iteration also meets what is added on the way.
  for (const file of found) for (const dependency of file.dependencies) found.add(dependency);
  return found;
}

function* symbols(file: DescFile): Iterable<string> {
  for (const type of nestedTypes(file)) {
    yield type.typeName;
    if (type.kind === "message") yield* membersOf(type);
    if (type.kind === "service") for (const method of type.methods) yield `${type.typeName}.${method.name}`;
    // The name of an enum's value is in the scope of the enum's parent, as in C++.
    if (type.kind === "enum") for (const value of type.values) yield `${type.typeName.slice(0, -type.name.length)}${value.name}`;
  }
}

function* membersOf(message: DescMessage): Iterable<string> {
  for (const { name } of [...message.fields, ...message.oneofs]) yield `${message.typeName}.${name}`;
}
