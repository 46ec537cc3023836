// Loaded into the server by watchers.ts: the longest turn of its event loop since SIGUSR2, by the CPU time that its thread took, so that it
// does not count what else the machine does. Logged when the process ends.
import { isMainThread } from "node:worker_threads";

let longest = 0;
let last = process.threadCpuUsage();

function look(): void {
  const now = process.threadCpuUsage();
  longest = Math.max(longest, now.user + now.system - last.user - last.system);
  last = now;
}

if (isMainThread) {
  setInterval(look, 1).unref();
  process.on("SIGUSR2", () => {
    longest = 0;
  });
  process.on("exit", () => process.stderr.write(`${JSON.stringify({ msg: "longest turn", ms: longest / 1_000 })}\n`));
}
