// What a start loads, and when: everybody who waits in line while a server is restarted waits for it.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterEach, expect, test } from "vitest";
import { Server } from "./server.ts";

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

/** Which of the program's own files the process loads until it is ready, in order, and when it begins the thread of the store. */
async function loaded(): Promise<string[]> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "call-me-loaded-"));
  folders.push(folder);
  const [hook, list] = [path.join(folder, "hook.mjs"), path.join(folder, "list")];
  await writeFile(
    hook,
    `import { appendFileSync } from "node:fs";
    import { registerHooks, syncBuiltinESMExports } from "node:module";
    import threads from "node:worker_threads";
    const note = (what) => threads.isMainThread && appendFileSync(${JSON.stringify(list)}, what + "\\n");
    registerHooks({ load: (url, context, next) => (note(url), next(url, context)) });
    const { Worker } = threads;
    threads.Worker = class extends Worker { constructor(...all) { note("thread"); super(...all); } };
    syncBuiltinESMExports();`,
  );
  await using _ = await Server.start({ NODE_OPTIONS: `--import=${pathToFileURL(hook)}` });
  return (await readFile(list, "utf8")).split("\n").filter((line) => line === "thread" || line.startsWith("file:"));
}

test("a server begins to open its file before it loads what answers calls, and loads nothing of the other commands", async () => {
  const order = await loaded();
  const thread = order.indexOf("thread");
  expect(thread).toBeGreaterThan(0);
  const sources = await Promise.all(order.map((url) => (url === "thread" ? "" : readFile(fileURLToPath(url), "utf8"))));
  const first = (text: string) => sources.findIndex((source) => source.includes(text));
  // Texts that only these have: connect-es, the log, the command line's parser.
  expect(first("missing input message")).toBeGreaterThan(thread);
  expect(first("lines of the log were dropped")).toBeGreaterThan(thread);
  expect(first("Unknown Syntax Error")).toBe(-1);
});
