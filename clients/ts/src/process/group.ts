import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

const WINDOWS = process.platform === "win32";

/**
 * Sends a signal to every process of a group, on Windows to a process and its descendants. Windows knows no signals but the
 * console's, which reach the command without us: there only SIGKILL does anything. What is gone already, or belongs to another
 * user (sudo), is left alone.
 */
export function signalGroup(group: number, signal: NodeJS.Signals): void {
  if (WINDOWS) {
    if (signal === "SIGKILL") spawnSync("taskkill", ["/pid", String(group), "/T", "/F"], { stdio: "ignore", windowsHide: true });
    return;
  }
  try {
    process.kill(-group, signal);
  } catch {
    // ESRCH: nobody is left. EPERM: nobody that we may signal.
  }
}

/** Whether a process of the group still runs. A zombie does not: where nobody reaps orphans (many a container) it stays for ever. */
export function isPopulated(group: number): boolean {
  if (WINDOWS) return false;
  try {
    process.kill(-group, 0);
  } catch (error) {
    // macOS says EPERM of a group of zombies; elsewhere it means processes of another user.
    return process.platform !== "darwin" && (error as NodeJS.ErrnoException).code === "EPERM";
  }
  return process.platform !== "linux" || hasLivingMember(group);
}

function hasLivingMember(group: number): boolean {
  return readdirSync("/proc").some((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      // pid (name) state ppid pgrp …; the name may hold anything, so what counts stands behind the last bracket.
      const stat = readFileSync(`/proc/${name}/stat`, "latin1");
      const [state, , pgrp] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return Number(pgrp) === group && state !== "Z" && state !== "X";
    } catch {
      return false;
    }
  });
}
