/** `npm run bench`, as short as it can be and without peers: that it still runs, and takes no failure for a figure. */
import { execFile, spawnSync } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { buildLoader, Load } from "../../bench/compare/load.ts";
import { SECTIONS } from "../../bench/compare/sections.ts";
import { Server } from "../outside/server.ts";

const run = promisify(execFile);
const root = path.resolve(import.meta.dirname, "../..");
const noGo = spawnSync("go", ["version"]).status === 0 ? "" : " (skipped: no go on this machine)";

describe.skipIf(noGo !== "")(`the benchmark${noGo}`, { timeout: 300_000 }, () => {
  test("measures each way to call call-me in every section, and what is below it", async () => {
    const args = [
      "run",
      "--silent",
      "bench",
      "--",
      "--quick",
      "--rounds",
      "1",
      "--seconds",
      "0.2",
      "--only",
      "call-me, ",
      "--only",
      "alone",
    ];
    const { stdout } = await run("npm", args, { cwd: root });
    for (const { title, rows } of Object.values(SECTIONS)) {
      const [, section = ""] = stdout.split(`## ${title}\n`);
      const measured = rows.filter(({ name }) => /^call-me, |alone/.test(name));
      expect(measured.length).toBeGreaterThan(1);
      for (const { name } of measured) {
        const [, cells = ""] = section.split(`| ${name} |`);
        const [row = ""] = cells.split("\n");
        // The last one, p99, stands in all sections.
        expect(Number(row.split("|").at(-2)?.replace(",", "")), `${title}: ${name}`).toBeGreaterThan(0);
      }
    }
  });

  test("says where the time of a call goes", async () => {
    const { stdout } = await run(process.execPath, ["bench/profile.ts", "0.5"], { cwd: root });
    // What the kernel counts in ticks of 10 ms may be none of one part.
    for (const row of ["together", "bytes that outlive young collections"]) {
      const [, cells = ""] = stdout.split(`| ${row} |`);
      const figures =
        cells
          .split("\n")[0]
          ?.split(" | ")
          .map((cell) => Number(cell.replace(/[,| ]/g, ""))) ?? [];
      expect(figures, row).toHaveLength(4);
      for (const figure of figures) expect(figure, row).toBeGreaterThan(0);
    }
  });

  test("ends at an answer that is no success", async () => {
    buildLoader();
    await using server = await Server.start();
    const order = { connections: 1, streams: 1, locks: 1, prefix: "bench", address: `127.0.0.1:${server.port}` } as const;
    for (const system of ["grpc", "json", "maybe"] as const) {
      const refused = Load.start({ ...order, system, operation: "check", key: "wrong" }, undefined);
      await expect(refused, system).rejects.toThrow("the load has failed");
      await using load = await Load.start({ ...order, system, operation: "pairs", key: server.key, prefix: system }, undefined);
      expect((await load.run(0.1)).calls).toBeGreaterThan(0);
      await using held = await Load.start({ ...order, system, operation: "check", key: server.key, prefix: system }, undefined);
      // The name of the first pair is held now.
      await expect(load.run(0.1), system).rejects.toThrow("the load has failed");
      await expect(held.run(0.1)).resolves.toMatchObject({ calls: expect.any(Number) });
    }
  });
});
