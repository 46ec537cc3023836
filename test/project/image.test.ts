/** What the Docker image is built of. */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect, test } from "vitest";

const root = path.resolve(import.meta.dirname, "../..");

test("the package can be put together of what .dockerignore lets into the image", () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "call-me-image-"));
  try {
    const lines = readFileSync(path.join(root, ".dockerignore"), "utf8").split("\n");
    const admitted = lines.flatMap((line) => (line.startsWith("!") ? line.slice(1) : []));
    for (const name of admitted) {
      expect(existsSync(path.join(root, name)), name).toBe(true);
      cpSync(path.join(root, name), path.join(folder, name), { recursive: true });
    }
    symlinkSync(path.join(root, "node_modules"), path.join(folder, "node_modules"));
    const { status, stderr } = spawnSync(process.execPath, ["scripts/bundle.ts"], { cwd: folder, encoding: "utf8" });
    expect([status, stderr]).toEqual([0, ""]);
    for (const made of ["cli/main.js", "server/main.js", "page/index.html"]) expect(existsSync(path.join(folder, "dist", made))).toBe(true);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
