import type { DescEnum } from "@bufbuild/protobuf";

/** An enum value as a person says it: END_REASON_TIMED_OUT is "timed out". A newer server may have values without a name here. */
export function spoken(schema: DescEnum, value: number): string {
  return (schema.value[value]?.localName ?? `unknown (${value})`).toLowerCase().replaceAll("_", " ");
}
