import { describeHolder } from "../../clients/ts/src/ci/holder.ts";
import { type Holder, type Lease, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { EXIT, Failure } from "../exit.ts";
import type { Variables } from "../settings.ts";
import { isSame, type Self } from "../words/own.ts";
import { describeLease } from "../words/phrases.ts";

/** What a Release can name. */
export type Target = { readonly leaseId: string } | { readonly environment: string };

/** As `acquire` would name the holder from here: what was said on the command line, the CI system's variables, or user@host. */
export function selfOf(env: Variables, said: { name: string | undefined; runUrl: string | undefined }): Self {
  const { name, runUrl } = describeHolder(env, said);
  return { name, runUrl };
}

/** The same, and who that is to the server, if it has said. */
type Known = Self & { readonly principal: string | undefined };

function isOurs(lease: Lease, { principal = lease.principal }: Known): boolean {
  return lease.principal === principal;
}

/** The states of a lease that is on its environments. */
const ON: readonly LeaseState[] = [LeaseState.HELD, LeaseState.OFFERED];

/**
 * Which of the live leases of an environment is our own, by its id, so that it cannot hit a successor: the one that is on it, or where
 * none is, our place in line; the environment itself where somebody asked without any holder, since the server alone knows whose that is;
 * undefined if nobody is on it. A Failure (5) names those that it can't choose between, or that are on it and somebody else's.
 */
export function ownLease(environment: string, leases: readonly Lease[], self: Known): Target | undefined {
  const isOn = ({ state }: Lease) => ON.includes(state);
  // A cleaner of this name is at work: its lease says that the environment is clean once it is given back.
  const all = leases.filter((lease) => !lease.cleaning && isOurs(lease, self) && isSame(lease.holder, self));
  // The other jobs of our run may wait for what this one gives back.
  const own = all.some(isOn) ? all.filter(isOn) : all;
  const [only] = own;
  if (own.length > 1)
    throw new Failure(EXIT.notYours, `several leases for ${environment} are yours: ${listed(own)}. Say which with --lease and its id`);
  if (only !== undefined) return { leaseId: only.id };
  const on = leases.filter(isOn);
  if (on.some(({ holder, cleaning }) => !cleaning && isNobody(holder))) return { environment };
  if (on.length === 0) return undefined;
  const others = on.filter((lease) => !isOurs(lease, self) && isSame(lease.holder, self)).map(({ principal }) => principal);
  const named = self.runUrl === "" ? JSON.stringify(self.name) : self.runUrl;
  // Of the same name, by another key.
  const us = others.length === 0 ? named : `${named} by ${self.principal}, not by ${others.join(" or ")}`;
  throw new Failure(
    EXIT.notYours,
    `not yours: on ${environment} is ${listed(on)}, and you are ${us}. To end it all the same give its id with --lease, or say with --name or --run-url who you were`,
  );
}

function isNobody(holder: Holder | undefined): boolean {
  return !holder?.name && !holder?.runUrl;
}

function listed(leases: readonly Lease[]): string {
  return leases.map(describeLease).join("; ");
}
