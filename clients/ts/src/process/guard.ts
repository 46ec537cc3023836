import { type ChildProcess, spawn } from "node:child_process";

/** Learns whom to guard, from its argument or stdin, and then reads a goodbye, or the end of the pipe: we are gone, however we ended. */
const GUARD = `trap '' INT TERM HUP; group=$1; [ "$group" ] || read -r group || exit 0; read -r goodbye && exit 0; kill -9 "-$group"`;

/** The same for Windows, which has neither sh nor process groups. */
const GUARD_ON_WINDOWS = `
  let said = "";
  const given = process.argv[1] ? process.argv[1] + "\\n" : "";
  process.stdin.on("data", (data) => { said += data; }).on("end", () => {
    const [group, goodbye] = (given + said).split("\\n");
    if (group && goodbye === "") require("child_process").spawnSync("taskkill", ["/pid", group, "/T", "/F"]);
  });`;

/**
 * A small process that kills the command's group when this process dies without a goodbye: of SIGKILL, too, which nobody can catch.
 * It has a session of its own and an empty environment, so that who kills our group, or all processes that bear a job's variables
 * (Jenkins), leaves it time to do so; and none of our streams, so that nobody who reads them waits for it.
 */
export class Guard {
  readonly #say: (line: string) => void;
  #child: ChildProcess;
  #group: number | undefined;
  #replacements = 10;

  /** Started before the command, so that no more than its group is left to be told. */
  constructor(say: (line: string) => void) {
    this.#say = say;
    this.#child = this.#post();
  }

  /** Has it kill this group; `told` is called when it will, whatever happens to us from then on. */
  watch(group: number, told: () => void): void {
    this.#group = group;
    if (this.#child.stdin === null) told();
    else this.#child.stdin.write(`${group}\n`, () => told());
  }

  /** Nothing is left to be guarded. */
  dismiss(): void {
    this.#child.removeAllListeners("exit");
    this.#child.stdin?.end("goodbye\n");
  }

  #post(): ChildProcess {
    const group = String(this.#group ?? "");
    const [file, args] =
      process.platform === "win32"
        ? [process.execPath, ["-e", GUARD_ON_WINDOWS, group]]
        : ["/bin/sh", ["-c", GUARD, "call-me-guard", group]];
    const child = spawn(file, args, { detached: true, stdio: ["pipe", "ignore", "ignore"], cwd: "/", env: {}, windowsHide: true });
    child.on("error", ({ message }) => this.#say(`no guard (${message}): the command would outlive us if we were killed with SIGKILL`));
    child.stdin?.on("error", () => {});
    child.unref();
    // Somebody killed the guard alone.
    child.once("exit", () => {
      if (this.#replacements-- > 0) this.#child = this.#post();
    });
    return child;
  }
}
