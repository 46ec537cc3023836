import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { onTestFinished } from "vitest";

/** A fresh directory, gone after the test. */
export function directory(): string {
  const made = mkdtempSync(path.join(os.tmpdir(), "call-me-store-"));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** A small disk of its own, gone after the test; undefined where this user may not mount one. */
export function smallDisk(size: string): string | undefined {
  const at = directory();
  if (spawnSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", at]).status !== 0) return undefined;
  onTestFinished(() => {
    spawnSync("umount", [at]);
  });
  return at;
}

/** Whether strace is there and may trace. */
export const canTrace: boolean = spawnSync("strace", ["-f", "-o", "/dev/null", "true"]).status === 0;
