/** Times and durations, in microseconds, as messages have them. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { DurationSchema, TimestampSchema } from "@bufbuild/protobuf/wkt";
import type { Micros } from "../../core/model/units.ts";

/** A duration as the wire has it. */
export function durationOf(micros: Micros): MessageInitShape<typeof DurationSchema> {
  const seconds = Math.floor(micros / 1_000_000);
  return { seconds: BigInt(seconds), nanos: (micros - seconds * 1_000_000) * 1_000 };
}

/** A time as the wire has it. */
export function timestampOf(micros: Micros): MessageInitShape<typeof TimestampSchema> {
  return durationOf(micros) as MessageInitShape<typeof TimestampSchema>;
}
