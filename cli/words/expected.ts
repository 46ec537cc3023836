/** When a lease that waits may have its turn, as the server guesses. */
import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { Estimate, Lease } from "../../gen/ts/callme/v1/types_pb.ts";
import { distance } from "./clock.ts";
import { milliseconds, spell } from "./duration.ts";

/** Nearer than that it may be now, in ms. */
const MOMENT = 1_000;

/** "turn in about 12 m (9 in 10 within 40 m)", or nothing where it cannot be told. */
export function expected({ estimatedStart }: Pick<Lease, "estimatedStart">): string {
  const soon = soonExpected({ estimatedStart });
  const most = estimatedStart?.p90 === undefined ? 0 : distance(estimatedStart.p90);
  return soon === "" || most < MOMENT ? soon : `${soon} (9 in 10 within ${inWords(most)})`;
}

/** "turn in about 12 m". */
export function soonExpected({ estimatedStart }: Partial<Pick<Lease, "estimatedStart">>): string {
  if (estimatedStart?.p50 === undefined) return "";
  const ahead = distance(estimatedStart.p50);
  return ahead < MOMENT ? "turn at any moment" : `turn in about ${inWords(ahead)}`;
}

/** On what it rests: "by the last 23 holds". */
export function basis({ samples }: Estimate): string {
  return `by the last ${samples} holds`;
}

/** A warning where a lease will probably time out before its turn. */
export function impatience({ queueTimeout, createdAt, estimatedStart }: Lease): string {
  if (queueTimeout === undefined || estimatedStart?.p50 === undefined || createdAt === undefined) return "";
  const patience = milliseconds(queueTimeout);
  const hold = estimatedStart.medianHold === undefined ? 0 : milliseconds(estimatedStart.medianHold);
  const rests = `, ${basis(estimatedStart)}`;
  if (patience < hold)
    return `its queue timeout of ${spell(patience)} is shorter than half of the holds are (${spell(hold)}${rests}): it may well time out`;
  const wait = timestampMs(estimatedStart.p50) - timestampMs(createdAt);
  return patience < wait ? `its queue timeout is ${spell(patience)}, and its turn is expected in about ${spell(wait)}${rests}` : "";
}

/** In whole seconds: it is a guess. */
function inWords(length: number): string {
  return spell(Math.ceil(length / 1_000) * 1_000);
}
