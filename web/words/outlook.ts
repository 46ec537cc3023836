// What will become of whom by what somebody is about to do.
import { type Environment, OnExpiry } from "../../gen/ts/callme/v1/environment_service_pb.ts";
import { EnvironmentState, type EnvironmentStatus, type Lease, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { spokenState, verdict } from "./state.ts";
import { maybe, spell } from "./time.ts";
import { type Known, nameOf } from "./who.ts";

/** What is about to be done: somebody takes it, `waits` if need be; a lease is ended, by `force` or not; it is put into a state. */
export type Act = { readonly waits: boolean } | { readonly lease: Lease; readonly force: boolean } | { readonly to: EnvironmentState };

/** What counts where nothing is configured, in ms. */
const LOCK_DELAY = 10_000;
/** So many of the holders are told. */
const TOLD = 10;

/** Says it, of one environment, as it stands there now. */
export function outlook(status: EnvironmentStatus, act: Act, configuration?: Environment): string {
  if ("waits" in act) return taken(status, act.waits);
  return "to" in act ? moved(status, act.to) : ended(status, act.lease, act.force, configuration);
}

const nameIn = (one: Known | undefined) => nameOf(one, "somebody unnamed");

function nextIn({ next }: EnvironmentStatus): string {
  return next === undefined ? "it is free, as nobody is next in line." : `it is the turn of ${nameIn(next)}.`;
}

function taken(status: EnvironmentStatus, waits: boolean): string {
  const { name, capacity, queueLength, stateUntil } = status;
  if (verdict(status) === "free")
    return `${name} is free: ${capacity === 1 ? "it" : `one of its ${capacity} slots`} is yours at once, and ends by itself.`;
  if (!waits) return `${name} is ${spokenState(status)}: with this key it can only be taken when it is free.`;
  const ahead = queueLength === 0 ? "you are the next in line" : `${queueLength} ${queueLength === 1 ? "waits" : "wait"} before you`;
  const endless = status.state !== EnvironmentState.AVAILABLE && stateUntil === undefined;
  return `${name} is ${spokenState(status)}, and ${ahead}. It is yours by itself when your turn comes${endless ? ": nobody knows when" : ""}.`;
}

function ended(status: EnvironmentStatus, lease: Lease, force: boolean, configuration: Environment | undefined): string {
  const who = nameIn(lease);
  if (lease.state === LeaseState.QUEUED) return `${who} loses the place in line, and cannot have it back.`;
  if (lease.state === LeaseState.OFFERED) return `It was offered to ${who}, and is no more. ${after(status, force, false, configuration)}`;
  const unaware = force ? " Work may still be running there: whoever does it learns of this at the next renewal." : "";
  if (lease.cleaning) return `${who} cleans it no longer.${unaware} It ${force ? "is still to be cleaned" : "counts as clean"}.`;
  return `${who} has it no longer.${unaware} ${after(status, force, true, configuration)}`;
}

/** What becomes of a slot that is free again. */
function after(status: EnvironmentStatus, force: boolean, used: boolean, configuration: Environment | undefined): string {
  const { cleaning, onExpiry, cooldown, lockDelay } = configuration ?? {};
  if (status.state !== EnvironmentState.AVAILABLE) return `${status.name} stays ${spokenState(status)}, and serves nobody.`;
  if (used && (cleaning?.required || (force && onExpiry === OnExpiry.CLEAN))) return `It has to be cleaned, then ${nextIn(status)}`;
  const rest = Math.max(maybe(cooldown) ?? 0, force ? (maybe(lockDelay) ?? LOCK_DELAY) : 0);
  return `${rest === 0 ? "Then" : `It rests for ${spell(rest)}, then`} ${nextIn(status)}`;
}

/** What tells them apart: nobody new is served in any of them. */
const WHY: Readonly<Partial<Record<EnvironmentState, string>>> = {
  [EnvironmentState.DRAINING]: "It is not broken, only to be empty.",
  [EnvironmentState.MAINTENANCE]: "It is out of order on purpose, and listed in Attention.",
  [EnvironmentState.QUARANTINED]: "It is broken, and counted in Attention until somebody puts it back.",
};

function moved(status: EnvironmentStatus, to: EnvironmentState): string {
  const { name, state, holders, capacity, used, resting, queueLength, next } = status;
  const who = holders.map(nameIn).join(", ") + (holders.length < TOLD ? "" : " …");
  if (to === EnvironmentState.AVAILABLE)
    return `It counts as clean and fit for use. ${used > 0 && used + resting >= capacity ? `${who} may finish first. ` : ""}Then ${nextIn(status)}`;
  if (to === state) return `${name} is ${spokenState(status)} already: this changes why, and until when.`;
  const holding = used === 0 ? "Nobody has it now." : `${who} may finish: nobody's lease ends by this.`;
  const others = queueLength - (next === undefined ? 0 : 1);
  const line = [next && nameIn(next), others > 0 && `${others} ${next === undefined ? "in line" : "more"}`].filter(Boolean).join(" and ");
  return `${WHY[to] ?? ""} ${holding} ${line === "" ? "Nobody waits." : `Until it is back, all in line wait in their places: ${line}.`}`;
}
