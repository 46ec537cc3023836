import { spawn } from "node:child_process";
import { once } from "node:events";

/**
 * Runs a command, and gives its exit code when it has ended. On abort, or when we are to end, its whole process group is told to stop,
 * and killed 2 s later.
 */
export async function run([command = "", ...args]: string[], signal: AbortSignal, env: NodeJS.ProcessEnv): Promise<number> {
  signal.throwIfAborted();
  const child = spawn(command, args, { stdio: "inherit", detached: true, env });
  let force: NodeJS.Timeout | undefined;
  const stop = () => {
    kill(child.pid, "SIGTERM");
    force ??= setTimeout(() => kill(child.pid, "SIGKILL"), 2_000);
  };
  signal.addEventListener("abort", stop, { once: true });
  for (const one of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(one, stop);
  const [code] = await once(child, "exit");
  clearTimeout(force);
  // What the command itself has left behind.
  if (force !== undefined) kill(child.pid, "SIGKILL");
  return code ?? 1;
}

function kill(group: number | undefined, how: NodeJS.Signals): void {
  try {
    if (group !== undefined) process.kill(-group, how);
  } catch {
    // Nothing of it is left.
  }
}
