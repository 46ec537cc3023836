import { closeSync, openSync } from "node:fs";
import { isatty } from "node:tty";

/**
 * What SIGHUP means: that the terminal is gone which the server was started from; then it resolves with the signal, and the server stops. Else
 * `reload` is called or, without one, the log says that there is nothing to do. From now on it ends no process by itself.
 */
export function hungUp(reload: (() => void) | undefined, log: { warn(facts: object, text: string): void }): Promise<NodeJS.Signals> {
  const terminal = isatty(0);
  return new Promise((resolve) => {
    // Windows gives a process whose console is closed some seconds, whatever it does.
    if (process.platform === "win32") return;
    process.on("SIGHUP", (signal) => {
      if (terminal && !hasTerminal()) resolve(signal);
      else if (reload !== undefined) reload();
      else log.warn({ signal }, "there is no file that could be read anew, such as CALL_ME_CONFIG; SIGTERM stops the server");
    });
  });
}

function hasTerminal(): boolean {
  try {
    closeSync(openSync("/dev/tty", "r"));
    return true;
  } catch {
    return false;
  }
}
