// The one table: what every client does, in every language.
import { cutting } from "./scenarios/cutting.ts";
import { holding } from "./scenarios/holding.ts";
import { losing } from "./scenarios/losing.ts";
import { waiting } from "./scenarios/waiting.ts";
import type { World } from "./world.ts";

/** By name: what happens, and a function that throws if it does not. They run beside each other, each on an environment of its own. */
export type Scenarios = Readonly<Record<string, (world: World) => Promise<void>>>;

/** The slow ones first, so that they run beside the others. */
export const scenarios: Scenarios = { ...losing, ...cutting, ...waiting, ...holding };
