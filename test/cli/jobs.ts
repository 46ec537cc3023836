import { readFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";

/** The variables of a job. */
export type Env = Record<string, string>;

/** Where a program runs, and who its holder is then, as JSON of the protocol; and what the command line gives as the reason. */
interface Vector {
  readonly name: string;
  readonly env: Env;
  readonly holder: Readonly<Record<string, string>>;
  readonly reason?: string;
}

/** The vectors that the tests of every language run. */
export const VECTORS = JSON.parse(
  readFileSync(path.resolve(import.meta.dirname, "../clients/holders.json"), "utf8")
    .replaceAll("{user}", os.userInfo().username)
    .replaceAll("{host}", os.hostname()),
) as readonly Vector[];

/** What each system that has a page in docs/ci sets in a job, as far as it tells who we are, and what is to be made of it. */
export const JOBS: Readonly<Record<string, Vector>> = Object.fromEntries(VECTORS.slice(0, 9).map((vector) => [vector.name, vector]));
