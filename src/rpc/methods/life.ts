/** How an environment lives between its holders, in its configuration: what becomes of it, who cleans it, when it is put aside. */
import { type Environment, OnExpiry } from "../../../gen/ts/callme/v1/environment_service_pb.ts";
import { limits } from "../../core/limits.ts";
import type { EnvironmentConfig } from "../../core/model/environment.ts";
import { badField } from "../errors.ts";
import { choice, duration, integer } from "./fields.ts";
import { durationOf } from "./times.ts";

type Life = Pick<EnvironmentConfig, "onExpiry" | "cleaning" | "quarantineAfter">;

const ON_EXPIRY = {
  [OnExpiry.UNSPECIFIED]: "RELEASE",
  [OnExpiry.RELEASE]: "RELEASE",
  [OnExpiry.CLEAN]: "CLEAN",
  [OnExpiry.HOLD]: "HOLD",
} as const;

/** Throws invalid_argument; `at` gives the path of a field. */
export function readLife(message: Environment, capacity: number, at: (field: string) => string): Life {
  const onExpiry = choice<OnExpiry, NonNullable<Life["onExpiry"]>>(at("on_expiry"), message.onExpiry, ON_EXPIRY);
  const { required = false } = message.cleaning ?? {};
  const timeout = duration(at("cleaning.timeout"), message.cleaning?.timeout, limits.cleaning);
  const quarantineAfter = integer(at("quarantine_after"), message.quarantineAfter, 0, limits.quarantineAfter);
  if (capacity > 1 && required) throw shared(at("cleaning.required"), capacity);
  if (capacity > 1 && onExpiry === "CLEAN") throw shared(at("on_expiry"), capacity);
  return {
    ...(onExpiry !== "RELEASE" && { onExpiry }),
    ...((required || timeout !== undefined) && { cleaning: { required, ...(timeout !== undefined && { timeout }) } }),
    ...(quarantineAfter > 0 && { quarantineAfter }),
  };
}

function shared(field: string, capacity: number): Error {
  return badField(
    field,
    `needs capacity 1, and it is ${capacity}: who cleans an environment must have it alone; make an environment of each slot`,
  );
}

/** The same, as it is shown. */
export function lifeMessage({ onExpiry, cleaning, quarantineAfter }: Life) {
  const { required = false, timeout } = cleaning ?? {};
  return {
    ...(onExpiry && { onExpiry: OnExpiry[onExpiry] }),
    ...(cleaning && { cleaning: { required, ...(timeout !== undefined && { timeout: durationOf(timeout) }) } }),
    ...(quarantineAfter !== undefined && { quarantineAfter }),
  };
}
