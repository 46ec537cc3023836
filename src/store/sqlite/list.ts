import type { Database } from "better-sqlite3";
import type { Lease } from "../../core/model/lease.ts";
import { seenBy } from "../query.ts";
import type { LeaseQuery } from "../store.ts";
import type { Row } from "./rows.ts";

type Cursor = NonNullable<LeaseQuery["after"]>;

/** Part of a list; `next` is where to go on, absent at the end. */
export interface ListPart {
  readonly rows: readonly Row[];
  readonly next?: Cursor;
}

/** How many leases one call looks at: a filter that fits few of a million must not keep commits waiting meanwhile. */
const WINDOW = 5_000;

const NAMED = "(SELECT value FROM json_each(:on, '$.environments'))";
const FILTERS = {
  pool: "pool = :pool",
  on: `(id IN (SELECT value FROM json_each(:on, '$.seekers'))
    OR EXISTS (SELECT 1 FROM json_each(body, '$.needs') AS need WHERE need.value ->> '$.environment' IN ${NAMED}
      OR EXISTS (SELECT 1 FROM json_each(need.value, '$.chosen') AS part WHERE part.value ->> '$.environment' IN ${NAMED})))`,
  holder: "body ->> '$.holder.name' = :holder",
  seen: "seen(pool, id, body ->> '$.principal', body ->> '$.needs')",
  tag: "EXISTS (SELECT 1 FROM json_each(body, '$.tags') WHERE value = :tag)",
} as const;

/** Which of the next 5,000 leases fit the query. */
export function list(db: Database, columns: string, query: LeaseQuery): ListPart {
  const { after = { createdAt: -1, id: "" }, states, limit, on, seen, ...filters } = query;
  if (seen !== undefined) judgeBy(db, seen);
  const live = states.includes("ENDED") ? "TRUE" : "ended_at IS NULL";
  const next = db
    .prepare<[Cursor], Cursor>(
      `SELECT created_at AS createdAt, id FROM leases WHERE ${live} AND (created_at, id) > (:createdAt, :id)
       ORDER BY created_at, id LIMIT 1 OFFSET ${WINDOW - 1}`,
    )
    .get(after);
  const until = next ?? { createdAt: Number.MAX_SAFE_INTEGER, id: "" };
  const given = (Object.keys(FILTERS) as (keyof typeof FILTERS)[]).filter((name) => query[name] !== undefined);
  const fitting = [
    live,
    "(created_at, id) > (:createdAt, :id)",
    "(created_at, id) <= (:untilCreatedAt, :untilId)",
    ...(states.length === 0 ? [] : ["state IN (SELECT value FROM json_each(:states))"]),
    ...given.map((name) => FILTERS[name]),
  ];
  const rows = db
    .prepare<[unknown], Row>(`SELECT ${columns} FROM leases WHERE ${fitting.join(" AND ")} ORDER BY created_at, id LIMIT :limit`)
    .raw()
    .all({
      ...filters,
      on: JSON.stringify(on),
      ...after,
      untilCreatedAt: until.createdAt,
      untilId: until.id,
      states: JSON.stringify(states),
      limit,
    });
  return next === undefined ? { rows } : { rows, next };
}

/** Makes `seen` in SQL what `seenBy` is in memory. */
function judgeBy(db: Database, seen: NonNullable<LeaseQuery["seen"]>): void {
  const isSeen = seenBy(seen);
  db.function("seen", (pool: string, id: string, principal: string, needs: string) => {
    return Number(isSeen({ pool, id, principal, needs: JSON.parse(needs) as Lease["needs"] }));
  });
}
