/** Every attack, by its name. */
import { chunkedBody, dataBody, deepJson, gzipBombs } from "./attacks/bodies.ts";
import { acquiresHttp1, acquiresHttp2, checksHttp1, checksHttp2, watches, wrongKeys } from "./attacks/floods.ts";
import {
  continuations,
  emptyContinuations,
  emptyData,
  headerBombs,
  pings,
  priorities,
  rapidReset,
  settings,
  thrownAway,
  unknown,
  windows,
} from "./attacks/frames.ts";
import { slowLoris } from "./attacks/silence.ts";
import type { Tally, Target } from "./peer.ts";

/** Attacks until the time is over, and counts what it sends and what comes of it. */
export type Attack = (target: Target, tally: Tally) => Promise<void>;

export const ATTACKS = {
  "rapid reset": rapidReset,
  "calls thrown away": thrownAway,
  "CONTINUATION flood": continuations,
  "empty CONTINUATION flood": emptyContinuations,
  "SETTINGS flood": settings,
  "PING flood": pings,
  "WINDOW_UPDATE flood": windows,
  "PRIORITY flood": priorities,
  "unknown frames": unknown,
  "empty DATA frames": emptyData,
  "HPACK bombs": headerBombs,
  "slow-loris, 5,000 sockets": slowLoris,
  "5 GiB body, chunked": chunkedBody,
  "5 GiB body, DATA": dataBody,
  "gzip bombs": gzipBombs,
  "JSON 1,500 deep": deepJson,
  "wrong keys": wrongKeys,
  "Check flood, HTTP/1.1": checksHttp1,
  "Check flood, HTTP/2": checksHttp2,
  "Acquire flood, HTTP/1.1": acquiresHttp1,
  "Acquire flood, HTTP/2": acquiresHttp2,
  "Watch flood, HTTP/2": watches,
} satisfies Record<string, Attack>;

export type AttackName = keyof typeof ATTACKS;
