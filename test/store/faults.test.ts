import { type SpawnSyncReturns, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, readFileSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, it } from "vitest";
import { SqliteMedium } from "../../src/store/sqlite.ts";
import { canTrace, directory, smallDisk } from "./places.ts";

const writer = path.join(import.meta.dirname, "writer.ts");

/** The revisions that are in the file. */
async function kept(file: string): Promise<number[]> {
  const medium = await SqliteMedium.open(file);
  const past = await medium.past("p", 0, 1_000_000);
  await medium.close();
  return past === "trimmed" ? [] : past.events.map((event) => event.revision);
}

function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, n) => n + 1);
}

describe("kill -9 among commits", () => {
  it("loses nothing that was acknowledged, time after time", async () => {
    const file = path.join(directory(), "call-me.db");
    let last = 0;
    for (const stop of [1, 40, 250]) {
      const child = spawn(process.execPath, [writer, file], { stdio: ["ignore", "pipe", "inherit"] });
      let acknowledged = 0;
      for await (const line of createInterface(child.stdout)) {
        if (line !== "open") last = Number(line);
        if (acknowledged++ === stop) child.kill("SIGKILL");
      }
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
      expect(child.signalCode).toBe("SIGKILL");
      const found = await kept(file);
      expect(found).toEqual(upTo(found.length));
      expect(found.length - last).toBeOneOf([0, 1]);
    }
    expect(last).toBeGreaterThanOrEqual(40);
  });
});

describe("a full disk", () => {
  it("refuses writes, changes nothing, goes on reading, and recovers", async (context) => {
    const disk = smallDisk("4m");
    if (disk === undefined) return context.skip("NOT TESTED: this user may not mount a small disk");
    const file = path.join(disk, "call-me.db");
    const medium = await SqliteMedium.open(file);
    const text = "x".repeat(20_000);
    const write = (revision: number) => {
      const event = { pool: "p", revision, at: revision, environments: [], cause: { leaseId: text, state: "HELD", holder } } as const;
      return medium.write({ pools: [{ name: "p", revision, at: revision }], leases: [], environments: [], deleted: [], events: [event] });
    };
    const holder = { name: "", kind: "SERVICE", runUrl: "", repository: "", ref: "", sha: "", job: "", actor: "" } as const;
    await write(1);
    const filler = path.join(disk, "filler");
    const { bavail, bsize } = statfsSync(disk);
    writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - 200_000)));
    let last = 1;
    const full = await (async () => {
      for (;;) await write(last + 1).then(() => last++);
    })().catch((error) => error);
    expect(full).toMatchObject({ name: "StoreFailure", reason: "STORAGE_FULL" });
    expect(last).toBeLessThan(20);
    await expect(write(last + 1)).rejects.toMatchObject({ reason: "STORAGE_FULL" });
    expect(await medium.past("p", last - 1, 9)).toMatchObject({ events: [{ revision: last }] });
    expect((await medium.load()).pools).toEqual([{ name: "p", revision: last, at: last }]);
    expect(await medium.list({ states: [], limit: 9 })).toEqual([]);
    rmSync(filler);
    await write(last + 1);
    await medium.close();
    expect(await kept(file)).toEqual(upTo(last + 1));
  });
});

describe.skipIf(!canTrace)(`a disk that fails${canTrace ? "" : " (NOT TESTED: strace is missing, or may not trace)"}`, () => {
  const syncs = "fsync,fdatasync";

  function traced(
    file: string,
    attempts: number,
    ...options: string[]
  ): { lines: string[]; ended: SpawnSyncReturns<string>; calls: string[] } {
    const log = path.join(directory(), "calls");
    const strace = ["-f", "-qq", "-o", log, ...options, process.execPath, writer, file, String(attempts)];
    const ended = spawnSync("strace", strace, { encoding: "utf8", timeout: 15_000 });
    const calls = readFileSync(log, "utf8").split("\n");
    return {
      lines: ended.stdout.split("\n").filter((line) => line !== ""),
      ended,
      calls: calls.filter((call) => /\b(f|fdata)sync\(/.test(call)),
    };
  }

  it("gets an fsync for each commit", async () => {
    const file = path.join(directory(), "call-me.db");
    await (await SqliteMedium.open(file)).close();
    const opening = traced(file, 0, `-etrace=${syncs}`).calls.length;
    const { calls, lines } = traced(file, 25, `-etrace=${syncs}`);
    expect(lines).toEqual(["open", ...upTo(25).map(String)]);
    expect(calls.length - opening).toBeGreaterThanOrEqual(25);
  });

  it("makes the outcome unknown where an fsync fails, and nothing is written after that", async () => {
    const file = path.join(directory(), "call-me.db");
    await (await SqliteMedium.open(file)).close();
    const outcomes = new Set<string>();
    let last = 0;
    for (let nth = 1; nth <= 8; nth++) {
      const { lines, ended } = traced(file, 10, `-etrace=${syncs}`, `-einject=${syncs}:error=EIO:when=${nth}`);
      const acknowledged = lines.map(Number).filter((line) => line > 0);
      last = acknowledged.at(-1) ?? last;
      outcomes.add(lines.at(-1) ?? "");
      if (lines.at(-1) === "OUTCOME_UNKNOWN") {
        expect(lines.slice(-2)).toEqual(["OUTCOME_UNKNOWN", "OUTCOME_UNKNOWN"]);
        expect(ended.status).toBe(74);
      }
      const found = await kept(file);
      expect(found).toEqual(upTo(found.length));
      expect(found.length - last).toBeOneOf([0, 1]);
      last = found.length;
    }
    expect([...outcomes]).toContain("OUTCOME_UNKNOWN");
  });

  it("acknowledges a commit of which only the checkpoint failed: it is in the log", async () => {
    const [file, twin] = [path.join(directory(), "call-me.db"), path.join(directory(), "call-me.db")];
    await (await SqliteMedium.open(file)).close();
    copyFileSync(file, twin);
    const { calls } = traced(twin, 500, "-y", `-etrace=${syncs}`);
    const isCheckpoint = (call: string) => call.includes("call-me.db>");
    const nth = calls.findIndex(isCheckpoint) + 1;
    expect([nth > 100, nth < 500]).toEqual([true, true]);
    const { lines, calls: others } = traced(file, 500, "-y", `-etrace=${syncs}`, `-einject=${syncs}:error=EIO:when=${nth}`);
    expect(others.filter((call) => call.includes("INJECTED")).map(isCheckpoint)).toEqual([true]);
    expect(lines).toEqual(["open", ...upTo(500).map(String)]);
    expect(await kept(file)).toEqual(upTo(500));
  });

  it.each(["EIO", "EROFS", "ENOSPC"])("loses nothing that was acknowledged where a write fails with %s, and goes on", async (error) => {
    const file = path.join(directory(), "call-me.db");
    await (await SqliteMedium.open(file)).close();
    const { lines } = traced(file, 12, "-etrace=pwrite64", `-einject=pwrite64:error=${error}:when=12..14`);
    const failed = error === "ENOSPC" ? "STORAGE_FULL" : "STORAGE_FAILED";
    const acknowledged = lines.map(Number).filter((line) => line > 0);
    expect(lines).toContain(failed);
    expect(new Set(lines)).toEqual(new Set(["open", failed, ...acknowledged.map(String)]));
    expect(Number(lines.at(-1))).toBeGreaterThan(0);
    expect(await kept(file)).toEqual(upTo(acknowledged.length));
  });
});
