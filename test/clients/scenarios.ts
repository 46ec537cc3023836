// The one table: what every client does, in every language.
import { certificates } from "./scenarios/certificates.ts";
import { commands } from "./scenarios/commands.ts";
import { cutting } from "./scenarios/cutting.ts";
import { detaching } from "./scenarios/detaching.ts";
import { giving } from "./scenarios/giving.ts";
import { holding } from "./scenarios/holding.ts";
import { later } from "./scenarios/later.ts";
import { losing } from "./scenarios/losing.ts";
import { overload } from "./scenarios/overload.ts";
import { pools } from "./scenarios/pools.ts";
import { refusing } from "./scenarios/refusing.ts";
import { silence } from "./scenarios/silence.ts";
import { superseding } from "./scenarios/superseding.ts";
import { takingBack } from "./scenarios/taking-back.ts";
import { tokenSources } from "./scenarios/token-sources.ts";
import { tokens } from "./scenarios/tokens.ts";
import { unheard } from "./scenarios/unheard.ts";
import { waiting } from "./scenarios/waiting.ts";
import type { Scenarios } from "./world.ts";

/** The slow ones first, so that they run beside the others. */
export const scenarios: Scenarios = {
  ...silence,
  ...losing,
  ...takingBack,
  ...unheard,
  ...tokenSources,
  ...tokens,
  ...certificates,
  ...refusing,
  ...overload,
  ...giving,
  ...detaching,
  ...commands,
  ...cutting,
  ...waiting,
  ...superseding,
  ...pools,
  ...holding,
  ...later,
};
