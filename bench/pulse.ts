// A thread that asks /healthz all the time, so that a busy load generator does not measure itself. Answers "longest" with the longest wait
// since it was last asked, in ms.
import { Agent, get } from "node:http";
import { parentPort, workerData } from "node:worker_threads";

const agent = new Agent({ keepAlive: true });
const url = `${String(workerData)}/healthz`;
let longest = 0;

function ask(): Promise<number> {
  const start = performance.now();
  return new Promise((resolve) => {
    const done = () => resolve(performance.now() - start);
    get(url, { agent }, (response) => response.resume().once("end", done)).once("error", done);
  });
}

parentPort?.on("message", () => {
  parentPort?.postMessage(longest);
  longest = 0;
});

for (;;) {
  longest = Math.max(longest, await ask());
  await new Promise((resolve) => setTimeout(resolve, 5));
}
