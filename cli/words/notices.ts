/** What is said of notices. */
import type { Notice, NoticeReceiver } from "../../gen/ts/callme/v1/insight_service_pb.ts";
import { elapsed } from "./clock.ts";
import { nameOf } from "./phrases.ts";
import type { Table } from "./table.ts";

/** "on-call (https://hooks.example.com)"; of one that leases have named, its origin alone. */
export function receiverOf({ rule, origin }: Pick<NoticeReceiver, "rule" | "origin">): string {
  if (rule === "") return origin;
  return origin === "" ? `${rule} (no rule of the server any more)` : `${rule} (${origin})`;
}

/** Receivers in a table: what waits for each, and what is wrong. */
export function receiverTable(receivers: readonly NoticeReceiver[]): Table {
  const rows = receivers.map((one) => ({
    cells: [receiverOf(one), `${one.waiting}`, one.failures === 0 ? "" : `${one.failures} times: ${one.why}`],
    details: [],
  }));
  return { heading: ["RECEIVER", "WAITING", "FAILED"], rows, cut: [2] };
}

/** Notices that were given up, in a table; for whom and why stands below each. */
export function deadTable(notices: readonly Notice[]): Table {
  const rows = notices.map((one) => ({
    cells: [one.id, one.time === undefined ? "" : `${elapsed(one.time)} ago`, one.type, one.environments.join(", ")],
    details: [`${one.holder === undefined ? "" : `of ${nameOf({ holder: one.holder }, "nobody")}, `}for ${receiverOf(one)}: ${one.why}`],
  }));
  return { heading: ["GIVEN UP", "HAPPENED", "WHAT", "ENVIRONMENT"], rows, cut: [3] };
}
