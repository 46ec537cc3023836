import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";

/** Reads whom to guard, and then either a goodbye or the end of the pipe: that we are gone, however we ended. */
const GUARD = `trap '' INT TERM HUP; read -r group || exit 0; read -r goodbye && exit 0; kill -9 "-$group"`;

/** The same for Windows, which has neither sh nor process groups. */
const GUARD_ON_WINDOWS = `
  let said = "";
  process.stdin.on("data", (data) => { said += data; }).on("end", () => {
    const [group, goodbye] = said.split("\\n");
    if (group && goodbye === "") require("child_process").spawnSync("taskkill", ["/pid", group, "/T", "/F"]);
  });`;

/**
 * A small process that kills the command's group when this process dies without a goodbye: of SIGKILL, too, which nobody can catch.
 * It has a session of its own and an empty environment, so that who kills our group, or all processes that bear a job's variables
 * (Jenkins), leaves it time to do so; and none of our streams, so that nobody who reads them waits for it.
 */
export class Lifeline {
  #guard: ChildProcess;
  #group: number | undefined;

  /** Started before the command, so that only the command's pid is left to be told. */
  constructor() {
    this.#guard = this.#post();
  }

  /** From now on it kills this group. */
  guard(group: number): void {
    this.#group = group;
    this.#guard.stdin?.write(`${group}\n`);
  }

  /** Nothing is left to be guarded. */
  release(): void {
    this.#guard.removeAllListeners("exit");
    this.#guard.stdin?.end("goodbye\n");
  }

  #post(): ChildProcess {
    const [file, args] = process.platform === "win32" ? [process.execPath, ["-e", GUARD_ON_WINDOWS]] : ["/bin/sh", ["-c", GUARD]];
    const guard = spawn(file, args, { detached: true, stdio: ["pipe", "ignore", "ignore"], cwd: "/", env: {}, windowsHide: true });
    guard.on("error", () => {});
    guard.stdin?.on("error", () => {});
    guard.unref();
    guard.once("exit", () => this.#replace());
    return guard;
  }

  /** Somebody killed the guard alone. */
  #replace(): void {
    this.#guard = this.#post();
    if (this.#group !== undefined) this.guard(this.#group);
  }
}
