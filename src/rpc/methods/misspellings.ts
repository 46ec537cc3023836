import type { MessageInitShape } from "@bufbuild/protobuf";
import type { MisspellingSchema } from "../../../gen/ts/callme/v1/lock_service_pb.ts";
import type { Identity } from "../../access/identity.ts";
import type { Refusal, Reply } from "../../core/command.ts";
import { didYouMean, near, noEnvironment } from "../../core/verbs/refusal.ts";
import type { Views } from "../../engine/views.ts";
import { refused } from "../errors.ts";

/** Refusals of an Acquire that a wrong name may be the cause of. */
const DOUBTFUL: readonly Refusal["reason"][] = ["ENVIRONMENT_NOT_FOUND", "ENVIRONMENT_BUSY", "UNSATISFIABLE"];

/** Configured names, of those that the caller sees, that were probably meant by one that nobody has configured. */
export function nearNames(views: Views, caller: Identity, name: string): readonly string[] {
  const names = views.near(name);
  return names.length === 0 ? names : names.filter((other) => isTold(views, caller, other));
}

/** Those of the names that nobody has configured and that are near to configured ones. */
export function misspellings(views: Views, caller: Identity, names: readonly string[]): MessageInitShape<typeof MisspellingSchema>[] {
  return names.flatMap((name) => {
    const near = nearNames(views, caller, name);
    return near.length === 0 ? [] : [{ name, didYouMean: [...near] }];
  });
}

/** The reply to an Acquire of these names: a refusal tells what may have been meant. */
export function withNear(reply: Reply, views: Views, caller: Identity, names: readonly string[]): Reply {
  if (reply.ok || !DOUBTFUL.includes(reply.reason)) return reply;
  const near = names.flatMap((name) => nearNames(views, caller, name));
  return near.length === 0 ? reply : { ...reply, message: `${reply.message}${didYouMean(near)}` };
}

/** There is no environment of a name: with what may have been meant, of all that the caller sees, whoever has made it. */
export function noSuch(views: Views, caller: Identity, name: string): Error {
  const refusal = noEnvironment(name);
  const meant = near(name, views.environments(), (other) => isTold(views, caller, other));
  return refused({ ...refusal, message: `${refusal.message}${meant}` });
}

/** The bearer of a lease_token is told of nothing but what its lease names. */
function isTold(views: Views, { rights }: Identity, name: string): boolean {
  return rights.may("VIEW", views.ownerOf(name) ?? "default", name);
}
