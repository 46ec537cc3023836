// A process to be killed, or given a bad disk: writes one event after another, and prints the number of each that is acknowledged.
// An error's reason is printed in its place. Ends after COUNT attempts, or when the outcome is unknown.
import { writeSync } from "node:fs";
import { codeOf } from "../../src/store/sqlite/failure.ts";
import { SqliteMedium } from "../../src/store/sqlite.ts";
import { StoreFailure, StoreUnusable } from "../../src/store/store.ts";

const [file = "", count = "Infinity"] = process.argv.slice(2);

/** Prints a line before anything else is done. A reader that is slow is waited for. */
function say(line: string): void {
  for (;;) {
    try {
      writeSync(1, `${line}\n`);
      return;
    } catch (error) {
      if (codeOf(error) !== "EAGAIN") throw error;
    }
  }
}

async function attempt(medium: SqliteMedium, revision: number): Promise<string> {
  const event = { pool: "p", revision, at: revision, environments: [] };
  try {
    await medium.write({
      pools: [{ name: "p", revision, at: revision }],
      leases: [],
      environments: [],
      fences: [],
      settings: [],
      keys: [],
      deleted: [],
      forgotten: [],
      events: [event],
    });
    return String(revision);
  } catch (error) {
    if (error instanceof StoreFailure) return error.reason;
    throw error;
  }
}

try {
  const medium = await SqliteMedium.open(file);
  let [pool] = (await medium.load()).pools;
  say("open");
  for (let left = Number(count); left > 0; left--) {
    const revision = (pool?.revision ?? 0) + 1;
    const outcome = await attempt(medium, revision);
    say(outcome);
    if (outcome === String(revision)) pool = { name: "p", revision, at: revision };
    // Whatever comes now must not be carried out either.
    if (outcome === "OUTCOME_UNKNOWN") say(await attempt(medium, revision + 1));
    if (outcome === "OUTCOME_UNKNOWN") process.exit(74);
  }
  await medium.close();
} catch (error) {
  if (!(error instanceof StoreUnusable)) throw error;
  say("unusable");
  process.exit(78);
}
