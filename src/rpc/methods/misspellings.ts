import type { MessageInitShape } from "@bufbuild/protobuf";
import type { MisspellingSchema } from "../../../gen/ts/callme/v1/lock_service_pb.ts";
import type { Refusal, Reply } from "../../core/command.ts";
import { didYouMean } from "../../core/verbs/refusal.ts";
import type { Views } from "../../engine/views.ts";

/** Refusals of an Acquire that a wrong name may be the cause of. */
const DOUBTFUL: readonly Refusal["reason"][] = ["ENVIRONMENT_NOT_FOUND", "ENVIRONMENT_BUSY", "UNSATISFIABLE"];

/** Those of the names that nobody has configured and that are near to configured ones. */
export function misspellings(views: Views, names: readonly string[]): MessageInitShape<typeof MisspellingSchema>[] {
  return names.flatMap((name) => {
    const near = views.near(name);
    return near.length === 0 ? [] : [{ name, didYouMean: [...near] }];
  });
}

/** The reply to an Acquire of these names: a refusal tells what may have been meant. */
export function withNear(reply: Reply, views: Views, names: readonly string[]): Reply {
  if (reply.ok || !DOUBTFUL.includes(reply.reason)) return reply;
  const near = names.flatMap((name) => views.near(name));
  return near.length === 0 ? reply : { ...reply, message: `${reply.message}${didYouMean(near)}` };
}
