/** ListEnvironments and ListLeases: what there is, page by page, as far as the caller sees it. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type * as pb from "../../../gen/ts/callme/v1/environment_service_pb.ts";
import { LeaseState as LeaseStateMessage } from "../../../gen/ts/callme/v1/types_pb.ts";
import type { Identity } from "../../access/identity.ts";
import type { Names } from "../../core/access/sight.ts";
import type { Environment } from "../../core/model/environment.ts";
import type { LeaseState } from "../../core/model/lease.ts";
import type { Pool } from "../../core/model/pool.ts";
import { Slice } from "../../engine/slice.ts";
import type { Views } from "../../engine/views.ts";
import type { LeaseQuery } from "../../store/store.ts";
import { badField } from "../errors.ts";
import { learn, seekersOf, sightOf } from "../sight.ts";
import type { Call, Service } from "./call.ts";
import { environmentMessage } from "./convert.ts";
import { choice } from "./fields.ts";
import { ageOf, pageOf, pageSize, readAge, readToken } from "./page.ts";
import { listPools } from "./pool-configs.ts";
import { readSelector } from "./selector.ts";
import { shownLease } from "./shown.ts";

const LEASE_STATES: Partial<Record<LeaseStateMessage, LeaseState>> = {
  [LeaseStateMessage.QUEUED]: "QUEUED",
  [LeaseStateMessage.OFFERED]: "OFFERED",
  [LeaseStateMessage.HELD]: "HELD",
  [LeaseStateMessage.ENDED]: "ENDED",
};

export async function list(
  { engine }: Service,
  request: pb.ListEnvironmentsRequest,
  { caller }: Pick<Call, "caller">,
): Promise<MessageInitShape<typeof pb.ListEnvironmentsResponseSchema>> {
  const size = pageSize(request.pageSize);
  const after = readToken(request.pageToken, 1)?.[0] ?? "";
  const sight = sightOf(caller);
  const slice = new Slice();
  // Pools are values: the page is of one moment, however long it takes.
  const pools = request.pool === "" ? [...engine.views.pools()] : [engine.views.pool(request.pool)];
  const found: Environment[] = [];
  for (const pool of pools) found.push(...(await firstOf(pool, after, sight?.within(pool.name), size + 1, slice)));
  found.sort((a, b) => (a.config.name < b.config.name ? -1 : 1));
  const { page, nextPageToken } = pageOf(found, size, ({ config }) => [config.name]);
  const configured = after === "" ? await listPools(pools, sight, slice) : [];
  return { environments: page.map(environmentMessage), nextPageToken, pools: configured };
}

/** The first of a pool's environments behind a name, so many at most, of those with these names. */
async function firstOf(pool: Pool, after: string, only: Names | undefined, most: number, slice: Slice): Promise<Environment[]> {
  const found: Environment[] = [];
  if (only?.isEmpty === true) return found;
  for (const [name, { environment }] of pool.sites.entries(after)) {
    if (only?.has(name) ?? true) found.push(environment);
    if (found.length === most) break;
    const turn = slice.next();
    if (turn !== undefined) await turn;
  }
  return found;
}

export async function listLeases(
  { engine }: Service,
  request: pb.ListLeasesRequest,
  call: Pick<Call, "caller">,
): Promise<MessageInitShape<typeof pb.ListLeasesResponseSchema>> {
  const { environment = "", selector = "", holder = "", tag = "", states = [] } = request.filter ?? {};
  if (environment !== "" && selector !== "") throw badField("filter.selector", "is given beside environment; give one of the two");
  const pool = request.filter?.pool || (selector === "" ? "" : "default");
  const size = pageSize(request.pageSize);
  const after = readAge(request.pageToken);
  const seen = await seenBy(engine.views, call.caller, pool);
  const names = sightOf(call.caller)?.within(pool);
  const leases = await engine.views.leases({
    ...(seen && { seen }),
    ...(pool === "" ? {} : { pool }),
    ...(environment !== "" && { on: engine.views.around(environment) }),
    ...(selector !== "" && { on: engine.views.amid(pool, readSelector("filter.selector", selector), names) }),
    ...(holder === "" ? {} : { holder }),
    ...(tag === "" ? {} : { tag }),
    states: states.map((state, index) => choice(`filter.states[${index}]`, state, LEASE_STATES)),
    ...(after && { after }),
    limit: size + 1,
  });
  const { page, nextPageToken } = pageOf(leases, size, ageOf);
  const shown = page.flatMap((lease) => {
    const view = engine.views.placed(lease);
    return view === undefined ? [] : [shownLease(call.caller, view, engine.views)];
  });
  return { leases: shown, nextPageToken };
}

/** What a list of leases shows to a caller; undefined: all. `pool`: only of this one, if it is not empty. */
async function seenBy(views: Views, caller: Identity, pool: string): Promise<LeaseQuery["seen"]> {
  const sight = sightOf(caller);
  if (sight === undefined) return undefined;
  const slice = new Slice();
  const seekers: string[] = [];
  for (const one of pool === "" ? [...views.pools()] : [views.pool(pool)]) {
    const names = sight.within(one.name);
    await learn(names, one, slice);
    seekers.push(...(await seekersOf(one, names, slice)));
  }
  return { principal: caller.principal, patterns: sight.patterns, seekers };
}
