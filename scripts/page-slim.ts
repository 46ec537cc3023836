/** Leaves out of the page's bundle what the page has no use for, a quarter of all. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { DescFile, DescMessage, DescService } from "@bufbuild/protobuf";
import { type FileDescriptorProto, file_google_protobuf_duration, file_google_protobuf_timestamp } from "@bufbuild/protobuf/wkt";
import type { Plugin } from "esbuild";
import { AccessService } from "../gen/ts/callme/v1/access_service_pb.ts";
import { EnvironmentService } from "../gen/ts/callme/v1/environment_service_pb.ts";
import { InsightService } from "../gen/ts/callme/v1/insight_service_pb.ts";
import { LockService } from "../gen/ts/callme/v1/lock_service_pb.ts";
import { root } from "./tools.ts";

/** The services by the names that web/state/calls.ts gives their clients. */
const SERVICES: Readonly<Record<string, DescService>> = {
  locks: LockService,
  environments: EnvironmentService,
  insight: InsightService,
  access: AccessService,
};

/** The methods that are called in web/, and the messages that these calls can carry, by their full names: who calls one writes `locks.acquire(`. */
function carried(): ReadonlySet<string> {
  const web = path.join(root, "web");
  const sources = readdirSync(web, { recursive: true, encoding: "utf8" }).filter((file) => /\.tsx?$/.test(file));
  const text = sources.map((file) => readFileSync(path.join(web, file), "utf8")).join("\n");
  const found = new Set<string>();
  const reach = (message: DescMessage): void => {
    if (found.has(message.typeName)) return;
    found.add(message.typeName);
    for (const field of message.fields) if (field.message !== undefined) reach(field.message);
  };
  for (const [client, { methods }] of Object.entries(SERVICES))
    for (const { localName, name, parent, input, output } of methods) {
      if (!new RegExp(`\\b${client}\\s*\\.${localName}\\(`).test(text)) continue;
      found.add(`${parent.typeName}.${name}`);
      for (const message of [input, output]) reach(message);
    }
  return found;
}

/** A file of the contract, with these methods and the fields of these messages. All messages stay: the generated code finds them by index. */
function pruned(proto: FileDescriptorProto, kept: ReadonlySet<string>): FileDescriptorProto {
  const messageType = proto.messageType.map((message) =>
    kept.has(`${proto.package}.${message.name}`) ? message : { ...message, field: [], nestedType: [], oneofDecl: [] },
  );
  const service = proto.service.map((one) => {
    const method = one.method.filter(({ name }) => kept.has(`${proto.package}.${one.name}.${name}`));
    return { ...one, method };
  });
  return { ...proto, messageType, service };
}

/** What nobody who reads messages goes by; the names in JSON follow from the others. */
const SKIPPED = new Set([
  "$typeName",
  "$unknown",
  "jsonName",
  "dependency",
  "sourceCodeInfo",
  "reservedRange",
  "reservedName",
  "idempotencyLevel",
]);

/** What is set in a description. */
function literalOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(literalOf);
  if (typeof value !== "object" || value === null) return value;
  const set = Object.entries(value).filter(([name, one]) => !SKIPPED.has(name) && !(Array.isArray(one) && one.length === 0));
  const plain = set.map(([name, one]) => [name, literalOf(one)] as const);
  return Object.fromEntries(plain.filter(([name, one]) => name !== "options" || Object.keys(one as object).length > 0));
}

/**
 * Makes a file of its description as it stands in the bundle: what is not set there has its default. The library would read it from bytes, by a
 * description of descriptions that is as large as all that the page calls.
 */
const FILE_DESC = `
  import { createEmbeddedFileRegistry } from "../registry.js";
  import { restoreJsonNames } from "./restore-json-names.js";
  const none = [];
  const unset = { $typeName: "", syntax: "", edition: 0, package: "", messageType: none, enumType: none, service: none, extension: none, field: none,
    nestedType: none, oneofDecl: none, method: none, label: 1, typeName: "", extendee: "", defaultValue: "", oneofIndex: 0, jsonName: "",
    proto3Optional: false, clientStreaming: false, serverStreaming: false };
  const full = (value) => Array.isArray(value) ? value.map(full) : typeof value !== "object" ? value :
    Object.entries(value).reduce((all, [name, one]) => { all[name] = full(one); return all; }, Object.create(unset));
  export function fileDesc(described, imports = none) {
    const root = full(described);
    root.messageType.forEach(restoreJsonNames);
    root.dependency = imports.map(({ proto }) => proto.name);
    return createEmbeddedFileRegistry(root, (name) => imports.find(({ proto }) => proto.name === name)).getFile(root.name);
  }`;

/** What the page never calls: JSON, and reads by GET. */
const UNUSED = /(@bufbuild\/protobuf\/dist\/esm\/(from|to)-json|connect\/dist\/esm\/protocol-connect\/get-request)\.js$/;

/** What is simpler in the browsers that the page is for, or for what is left of the descriptions; `from` takes all up to the end where it is long. */
const SIMPLER: readonly { readonly file: RegExp; readonly from: RegExp; readonly to: string | ((text: string) => string) }[] = [
  { file: /protobuf\/dist\/esm\/proto-int64\.js$/, from: /const ok = [^;]*;/, to: "const ok = true;" },
  {
    file: /protobuf\/dist\/esm\/wire\/base64-encoding\.js$/,
    from: /.*/s,
    to: `
      export function base64Decode(text) {
        return Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
      }
      export function base64Encode(bytes, encoding) {
        const text = btoa(String.fromCharCode(...bytes));
        return encoding === "url" ? text.replace(/\\+/g, "-").replace(/\\//g, "_").replace(/=/g, "") : text;
      }`,
  },
  {
    // Nothing is streamed to the server, and no browser needs helpers for async generators.
    file: /connect\/dist\/esm\/promise-client\.js$/,
    from: /.*/s,
    to: `
      import { makeAnyClient } from "./any-client.js";
      async function* messages(answer) { yield* (await answer).message; }
      async function* only(input) { yield input; }
      export function createClient(service, transport) {
        return makeAnyClient(service, (method) => {
          const call = (name, input, { signal, timeoutMs, headers } = {}) => transport[name](method, signal, timeoutMs, headers, input);
          if (method.methodKind === "unary") return async (input, options) => (await call("unary", input, options)).message;
          // Who stops reading ends the call by its signal.
          return (input, options) => {
            const all = messages(call("stream", only(input), options));
            return { [Symbol.asyncIterator]: () => ({ next: () => all.next() }) };
          };
        });
      }`,
  },
  {
    // An async generator that was put into other words stands in its own again.
    file: /connect-web\/dist\/esm\/connect-transport\.js$/,
    from: /.*/s,
    to: (text) =>
      text
        .replace(/^var __await.*?^};$/ms, "")
        .replace(
          /function (parseResponseBody\([^)]*\) \{)\s*return __asyncGenerator\(this, arguments, function\* \w+\(\) \{(.*?missing EndStreamResponse.*?)\}\);/s,
          "async function* $1$2",
        )
        .replaceAll("yield __await", "await"),
  },
  {
    // A field's default is an enum value, or a bool.
    file: /protobuf\/dist\/esm\/wire\/text-format\.js$/,
    from: /(export function parseTextFormatScalarValue\(type, value\)) \{.*/s,
    to: "$1 { return value === 'true'; }",
  },
];

/** The page speaks protobuf's binary format alone, and calls some of the methods. */
export const slim: Plugin = {
  name: "slim",
  setup({ onLoad }) {
    const messages = carried();
    const own = Object.values(SERVICES).flatMap(({ file }) => [
      file,
      ...file.dependencies.filter(({ name }) => name.startsWith("callme/")),
    ]);
    const files = new Map(
      [...own, file_google_protobuf_duration, file_google_protobuf_timestamp].map((file) => [pathOf(file), file.proto]),
    );
    onLoad({ filter: UNUSED }, ({ path: file }) => {
      const text = readFileSync(file, "utf8");
      const names = [...text.matchAll(/^export function (\w+)/gm)].map(([, name]) => name);
      return { contents: names.map((name) => `export function ${name}() { throw new Error("left out of the page"); }`).join("\n") };
    });
    for (const { file: filter, from, to } of SIMPLER)
      onLoad({ filter }, ({ path: file }) => {
        const text = readFileSync(file, "utf8");
        return { contents: typeof to === "string" ? text.replace(from, to) : to(text) };
      });
    onLoad({ filter: /protobuf\/dist\/esm\/codegenv2\/file\.js$/ }, () => ({ contents: FILE_DESC }));
    onLoad({ filter: /_pb\.(ts|js)$/ }, ({ path: file }) => {
      const proto = files.get(path.basename(file).replace(/\.\w+$/, ""));
      if (proto === undefined) return undefined;
      const literal = JSON.stringify(literalOf(proto.package === "callme.v1" ? pruned(proto, messages) : proto));
      const contents = readFileSync(file, "utf8").replace(/fileDesc\("[A-Za-z0-9+/=]+"/g, () => `fileDesc(${literal}`);
      return { contents, loader: file.endsWith(".ts") ? "ts" : "js" };
    });
  },
};

/** What the generated file is called, without its ending. */
function pathOf({ name }: DescFile): string {
  return `${path.basename(name)}_pb`;
}
