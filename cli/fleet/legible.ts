import { type DescMessage, type JsonObject, type JsonValue, type Message, toJson } from "@bufbuild/protobuf";
import { DurationSchema } from "@bufbuild/protobuf/wkt";
import { parseDuration } from "../../clients/ts/src/duration.ts";
import { writeDuration } from "../words/duration.ts";

/** A message as JSON, with the durations and names in it as people write them: 90m, HOLD. */
export function legible(type: DescMessage, message: Message): JsonObject {
  return readable(type, toJson(type, message) as JsonObject);
}

function readable(type: DescMessage, json: JsonObject): JsonObject {
  const entries = type.fields.flatMap((field): [string, JsonValue][] => {
    const value = json[field.jsonName];
    if (value === undefined || value === null) return [];
    const one = (item: JsonValue): JsonValue => {
      if (field.enum !== undefined) return field.enum.values.find(({ name }) => name === item)?.localName ?? item;
      return field.message === undefined ? item : readableOne(field.message, item);
    };
    if (field.fieldKind === "list") return [[field.jsonName, (value as JsonValue[]).map(one)]];
    if (field.fieldKind !== "map") return [[field.jsonName, one(value)]];
    return [[field.jsonName, Object.fromEntries(Object.entries(value as JsonObject).map(([key, item]) => [key, one(item)]))]];
  });
  return Object.fromEntries(entries);
}

function readableOne(type: DescMessage, value: JsonValue): JsonValue {
  if (type.typeName === DurationSchema.typeName) return writeDuration(parseDuration(`${value}`) ?? 0n);
  return type.typeName.startsWith("google.") ? value : readable(type, value as JsonObject);
}
