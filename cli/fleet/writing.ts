import { type JsonObject, toJson } from "@bufbuild/protobuf";
import { Document, type Scalar, visit } from "yaml";
import { type Environment, EnvironmentSchema, type PoolConfig, PoolConfigSchema } from "../../gen/ts/callme/v1/environment_service_pb.ts";
import { plainJson } from "../words/plain.ts";
import { OUTPUT_ONLY } from "./environments.ts";
import { legible } from "./legible.ts";

/** What YAML reads as the text that it is, whichever version of it, and no terminal or log as an order. */
const PLAIN = /^(?!.*section_)[A-Za-z](?:[\w ./-]*\w)?$|^(?:\d+(?:d|h|m|s|ms|us|ns))+$/;

/**
 * A file for `env apply`: what is configured, without what only the server sets and what is as it would be anyway. Names that were made on
 * demand are comments, since to apply them is to configure them.
 */
export function fleetYaml(environments: readonly Environment[], pools: readonly PoolConfig[] = []): string {
  const configured = environments.filter((one) => !one.onDemand).map(configurationOf);
  const others = environments.filter((one) => one.onDemand);
  const comment =
    others.length === 0
      ? ""
      : `# Made on demand, and configured by nobody:\n${others.map(({ name }) => `# - name: ${JSON.stringify(name)}\n`).join("")}`;
  const set = pools.length === 0 ? {} : { pools: pools.map((pool) => toJson(PoolConfigSchema, pool)) };
  return plainJson(`${yamlOf({ ...set, environments: configured })}${comment}`);
}

function yamlOf(value: object): string {
  const document = new Document(value, { compat: "yaml-1.1" });
  visit(document, {
    Scalar(_, node: Scalar) {
      if (typeof node.value === "string") node.type = PLAIN.test(node.value) ? "PLAIN" : "QUOTE_DOUBLE";
    },
  });
  return document.toString({ lineWidth: 0 });
}

function configurationOf(one: Environment): JsonObject {
  const { pool, capacity, ...json } = legible(EnvironmentSchema, one);
  const said: JsonObject = { ...json, ...(pool !== "default" && { pool }), ...(capacity !== 1 && { capacity }) };
  const fields = EnvironmentSchema.fields.filter(({ name, jsonName }) => !OUTPUT_ONLY.has(name) && said[jsonName] !== undefined);
  return Object.fromEntries(fields.map(({ jsonName }) => [jsonName, said[jsonName] ?? null]));
}
