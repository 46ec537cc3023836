import type { Identity } from "../../access/identity.ts";
import type { Throttle } from "../../access/throttle.ts";
import type { EngineCall } from "../../engine/call.ts";
import type { Engine } from "../../engine/engine.ts";
import type { Chronicle } from "../../engine/history/chronicle.ts";
import type { System } from "../../engine/observer.ts";
import type { Notices } from "../../notices/notices.ts";
import type { Fairness } from "../fairness.ts";
import type { Principals } from "../principal.ts";

/** The circumstances of a call, whatever transport it came by. Its caller may also be gone after an answer: never release on it. */
export interface Call extends EngineCall {
  readonly caller: Identity;
  readonly system: System;
}

/** What the methods work with. */
export interface Service {
  readonly engine: Engine;
  readonly chronicle: Chronicle;
  readonly notices: Notices;
  readonly principals: Principals;
  readonly throttle: Throttle;
  readonly fairness: Fairness;
  readonly autoCreate: boolean;
  /** What variables of environments may name as `from_env`; none is empty. */
  readonly secrets: ReadonlyMap<string, string>;
}
