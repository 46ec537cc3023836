// A server of a later contract, made at run time from today's: more fields, more enum values, another message and another method.
import {
  clone,
  create,
  createFileRegistry,
  type DescFile,
  type DescMessage,
  type DescService,
  type FileRegistry,
  fromJson,
  type JsonValue,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import {
  type EnumValueDescriptorProto,
  EnumValueDescriptorProtoSchema,
  FieldDescriptorProtoSchema,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  file_google_protobuf_duration,
  file_google_protobuf_timestamp,
  FieldDescriptorProto_Label as Label,
  MethodDescriptorProtoSchema,
  OneofDescriptorProtoSchema,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";
import { file_callme_v1_environment_service } from "../../gen/ts/callme/v1/environment_service_pb.ts";
import { file_callme_v1_lock_service } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { file_callme_v1_types } from "../../gen/ts/callme/v1/types_pb.ts";

/** The number of each value that is new, and of the first field; far from those that the contract may come to use. */
export const LATER = 1900;

/** The later contract. */
const newer: FileRegistry = registry();

function registry(): FileRegistry {
  const [types, locks, environments] = [file_callme_v1_types, file_callme_v1_lock_service, file_callme_v1_environment_service].map(copyOf);
  if (types === undefined || locks === undefined || environments === undefined) throw new Error("no descriptors");
  for (const file of [types, locks, environments]) {
    for (const one of file.enumType) one.value.push(enumValue(one.name));
    // Every message grows; the environments' and leases' grow a choice between messages as well.
    for (const message of file.messageType) if (message.options?.mapEntry !== true) message.field.push(fieldOf("later_note", LATER));
  }
  const lease = types.messageType.find(({ name }) => name === "Lease");
  const later = clone(FileDescriptorProtoSchema, types).messageType.find(({ name }) => name === "Holder");
  if (lease === undefined || later === undefined) throw new Error("the contract has no Lease or Holder any more");
  types.messageType.push({ ...later, name: "Later" });
  lease.oneofDecl.push(create(OneofDescriptorProtoSchema, { name: "fate" }));
  const choice = { type: Type.MESSAGE, typeName: ".callme.v1.Later", oneofIndex: lease.oneofDecl.length - 1 };
  lease.field.push(fieldOf("renamed_later", LATER + 1, choice), fieldOf("moved_later", LATER + 2, choice));
  const method = { name: "Postpone", inputType: ".callme.v1.RenewRequest", outputType: ".callme.v1.RenewResponse" };
  locks.service[0]?.method.push(create(MethodDescriptorProtoSchema, method));
  const known = [file_google_protobuf_duration, file_google_protobuf_timestamp].map(copyOf);
  return createFileRegistry(create(FileDescriptorSetSchema, { file: [...known, types, locks, environments] }));
}

function copyOf(file: DescFile): FileDescriptorProto {
  return clone(FileDescriptorProtoSchema, file.proto);
}

/** The enum's own prefix, and LATER: LeaseState gets LEASE_STATE_LATER. */
function enumValue(name: string): EnumValueDescriptorProto {
  return create(EnumValueDescriptorProtoSchema, { name: laterValue(name), number: LATER });
}

/** The name of the value that an enum has only in the later contract. */
export function laterValue(enumName: string): string {
  return `${enumName.replace(/(?<=[a-z])[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}_LATER`;
}

function fieldOf(
  name: string,
  number: number,
  more: MessageInitShape<typeof FieldDescriptorProtoSchema> = {},
): MessageShape<typeof FieldDescriptorProtoSchema> {
  const jsonName = name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
  return create(FieldDescriptorProtoSchema, { name, number, jsonName, type: Type.STRING, label: Label.OPTIONAL, ...more });
}

/** A service of the later contract; throws if it has none of that name. */
export function newerService(name: string): DescService {
  const service = newer.getService(`callme.v1.${name}`);
  if (service === undefined) throw new Error(`no service ${name}`);
  return service;
}

/** A message of the later contract from its JSON. */
export function newerMessage(desc: DescMessage, json: JsonValue): MessageShape<DescMessage> {
  return fromJson(desc, json);
}
