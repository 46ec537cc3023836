// Loaded into the server by profile.ts: how many bytes, of what was allocated since SIGUSR2, V8's collections of young objects have not freed. Each
// of them was copied twice, and waits for a collection of everything. Logged when the process ends.
import inspector from "node:inspector";
import { isMainThread } from "node:worker_threads";

interface Allocations {
  readonly selfSize: number;
  readonly children: readonly Allocations[];
}

/** A sample for so many bytes. */
const EVERY = 16_384;

function sum({ selfSize, children }: Allocations): number {
  return children.reduce((all, child) => all + sum(child), selfSize);
}

if (isMainThread) {
  const session = new inspector.Session();
  session.connect();
  process.on("SIGUSR2", () => {
    const kinds = { includeObjectsCollectedByMajorGC: true, includeObjectsCollectedByMinorGC: false };
    session.post("HeapProfiler.startSampling", { samplingInterval: EVERY, ...kinds });
  });
  process.on("exit", () => {
    session.post("HeapProfiler.stopSampling", (error, found) => {
      if (error === null) process.stderr.write(`${JSON.stringify({ msg: "survivors", bytes: sum(found.profile.head) })}\n`);
    });
  });
}
