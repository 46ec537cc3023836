import { type SpawnSyncReturns, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, it, onTestFinished } from "vitest";
import { SqliteMedium } from "../../src/store/sqlite.ts";
import { fill } from "./disk.ts";
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

const holder = { name: "", kind: "SERVICE", runUrl: "", repository: "", ref: "", sha: "", job: "", actor: "" } as const;

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
  const text = "x".repeat(20_000);
  const write = (medium: SqliteMedium, revision: number) => {
    const event = { pool: "p", revision, at: revision, environments: [], cause: { leaseId: text, state: "HELD", holder } } as const;
    return medium.write({
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
  };
  /** Writes until it fails: the last revision that was written, and why no more were. */
  const writeUntilItFails = async (medium: SqliteMedium, from: number): Promise<{ last: number; error: unknown }> => {
    for (let last = from; ; last++) {
      const error = await write(medium, last + 1).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      if (error !== undefined) return { last, error };
    }
  };

  it("refuses a write, changes nothing, frees the reserve for those that follow, goes on reading, and recovers", async (context) => {
    const disk = smallDisk("8m");
    if (disk === undefined) return context.skip("NOT TESTED: this user may not mount a small disk");
    const file = path.join(disk, "call-me.db");
    const reserve = () => statSync(`${file}-reserve`).size;
    const medium = await SqliteMedium.open(file);
    onTestFinished(() => medium.close());
    await write(medium, 1);
    await expect.poll(() => existsSync(`${file}-reserve`) && reserve() > 700_000, { timeout: 10_000 }).toBe(true);
    const whole = reserve();
    const free = fill(disk, 200_000);
    const { last, error } = await writeUntilItFails(medium, 1);
    expect(error).toMatchObject({ name: "StoreFailure", reason: "STORAGE_FULL" });
    expect([medium.state, reserve()]).toEqual(["short", 0]);
    expect(last).toBeLessThan(20);
    expect((await medium.load()).pools).toEqual([{ name: "p", revision: last, at: last }]);

    await write(medium, last + 1);
    expect(medium.state).toBe("short");
    const used = await writeUntilItFails(medium, last + 1);
    expect(used.error).toMatchObject({ reason: "STORAGE_FULL" });
    expect(used.last).toBeGreaterThan(last + 5);
    expect(await medium.past("p", used.last - 1, 9)).toMatchObject({ events: [{ revision: used.last }] });
    expect(await medium.list({ states: [], limit: 9 })).toEqual([]);
    await expect(medium.probe()).rejects.toMatchObject({ reason: "STORAGE_FULL" });

    free();
    await medium.probe();
    expect([medium.state, reserve()]).toEqual(["well", whole]);
    await write(medium, used.last + 1);
    await medium.close();
    expect(await kept(file)).toEqual(upTo(used.last + 1));
  });

  it("is short of space from the start where there is no room for a reserve, until there is", async (context) => {
    const disk = smallDisk("4m");
    if (disk === undefined) return context.skip("NOT TESTED: this user may not mount a small disk");
    const free = fill(disk, 400_000);
    const medium = await SqliteMedium.open(path.join(disk, "call-me.db"));
    onTestFinished(() => medium.close());
    expect(medium.state).toBe("short");
    await write(medium, 1);
    expect(medium.state).toBe("short");
    free();
    await medium.probe();
    expect(medium.state).toBe("well");
  });
});

describe("a probe", () => {
  it("is written and synced each time, so that a disk which takes nothing is found out", async () => {
    const file = path.join(directory(), "call-me.db");
    // A new file's log has been used.
    await (await SqliteMedium.open(file)).close();
    const medium = await SqliteMedium.open(file);
    onTestFinished(() => medium.close());
    const size = () => statSync(`${file}-wal`).size;
    const sizes = [size()];
    for (let turn = 0; turn < 3; turn++) {
      await medium.probe();
      sizes.push(size());
    }
    expect(new Set(sizes).size).toBe(4);
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

  it("is found out at the first start on it, whichever fsync fails: nothing is served from a store that may not be there", () => {
    const fresh = () => path.join(directory(), "call-me.db");
    const clean = traced(fresh(), 2, "-y", `-etrace=${syncs}`).calls;
    // All but the last two, which close it: what is in the log is on disk by then.
    const commits = clean.length - 2;
    // Of the directory: ours, SQLite's, and that of the mark.
    const [, repeated = 0] = clean.flatMap((call, index) => (call.includes("call-me.db") ? [] : index + 1));
    expect([commits > 6, repeated > 0]).toEqual([true, true]);
    for (let nth = 1; nth <= commits; nth++) {
      const { lines, ended } = traced(fresh(), 2, `-etrace=${syncs}`, `-einject=${syncs}:error=EIO:when=${nth}`);
      // SQLite's own of the directory, whose errors it ignores: it has been synced before, so there is nothing to lose.
      if (nth === repeated) continue;
      const served = lines.includes("open");
      expect([nth, ended.status, lines.at(-1)]).toEqual([nth, served ? 74 : 78, served ? "OUTCOME_UNKNOWN" : "unusable"]);
    }
  });

  it("acknowledges a commit of which only the checkpoint failed: it is in the log", async () => {
    const [file, twin] = [path.join(directory(), "call-me.db"), path.join(directory(), "call-me.db")];
    await (await SqliteMedium.open(file)).close();
    copyFileSync(file, twin);
    // Made beforehand: its own fsync would be counted in the one run, and not in the other.
    for (const database of [file, twin]) writeFileSync(`${database}-reserve`, Buffer.alloc(16 * 1024 * 1024));
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
