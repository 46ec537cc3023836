/** Rule 7 as it is written: what a Release by name may end, and when it may be refused. */
import type { Done, ReleaseByEnvironment, Reply } from "../../src/core/command.ts";
import type { Lease } from "../../src/core/model/lease.ts";
import { isOn } from "../../src/core/model/needs.ts";
import { expectThat } from "./seen.ts";

type Asked = Pick<ReleaseByEnvironment, "by" | "environment" | "requestId">;

/** Throws where the answer is none that the rule gives. The reply's pool is as the command left it. */
export function checkReleased(asked: Asked, reply: Reply): void {
  const what = `the release of ${JSON.stringify(asked)}`;
  const live = [...reply.pool.leases.values()];
  if (reply.ok) checkEnded(what, asked, reply, live);
  else {
    const expected = refusalOf(asked, live);
    expectThat(expected.includes(reply.reason), `${what} is refused as ${reply.reason}, and not as ${expected.join(" or ")}`);
  }
}

function checkEnded(what: string, asked: Asked, { lease, alreadyEnded = false }: Done, live: readonly Lease[]): void {
  const meant = lease !== undefined && isMeant(asked, lease);
  expectThat(meant, `${lease?.id} was released by somebody who cannot have meant it: ${what}`);
  expectThat(!alreadyEnded || asked.requestId !== undefined, `${what} finds ${lease?.id}, which had ended`);
  const other = live.find((one) => isMeant(asked, one) && (one.fencingToken ?? 0) < (lease?.revision ?? 0));
  expectThat(alreadyEnded || other === undefined, `${what} ends ${lease?.id}, and could have meant ${other?.id}`);
}

function isMeant({ by, environment, requestId }: Asked, lease: Lease): boolean {
  if (!isOn(lease, environment)) return false;
  if (requestId !== undefined) return lease.requestId === requestId && lease.principal === by.principal;
  if (by.lease !== undefined) return lease.id === by.lease;
  // What was never granted has no token.
  return lease.fencingToken !== undefined && lease.principal === by.principal && isNameless(lease);
}

function isNameless({ requestId, holder }: Lease): boolean {
  return requestId === undefined && holder.name === "" && holder.runUrl === "";
}

function refusalOf(asked: Asked, live: readonly Lease[]): readonly string[] {
  const { by, environment, requestId } = asked;
  const meant = live.filter((lease) => isMeant(asked, lease));
  if (meant.length > 0) return meant.length > 1 ? ["SEVERAL_HELD"] : ["nothing"];
  const nobody = ["NOTHING_HELD", "ENVIRONMENT_NOT_FOUND"];
  if (requestId !== undefined) return nobody;
  // Whose it is, and whether it is there at all, a token is not told.
  if (by.lease !== undefined) return ["NOT_YOURS"];
  const there = live.filter((lease) => isOn(lease, environment) && lease.fencingToken !== undefined);
  if (there.length === 0) return nobody;
  const own = there.some((lease) => lease.principal === by.principal);
  return own ? ["NAME_THE_LEASE"] : ["NOT_YOURS"];
}
