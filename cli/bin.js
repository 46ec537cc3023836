#!/usr/bin/env node
// The entry of the commands `call-me`, `call-me-client` (the original's name for the same) and `call-me-server` (its name for
// `call-me serve`). Plain JavaScript, because it also starts on a Node that cannot run the rest: then it runs itself again
// under one that can. Which command was meant is read from argv[1] as given, before npm's symlinks are resolved.
import path from "node:path";
import process from "node:process";
import { launch, suits } from "../scripts/launch.js";

const [, self = "call-me", ...args] = process.argv;
if (suits()) {
  if (process.env.CALL_ME_LAUNCHER === "1") dieWithLauncher();
  const { start } = await import("./main.ts");
  process.exitCode = await start(path.basename(self, path.extname(self)) === "call-me-server" ? ["serve", ...args] : args);
} else {
  launch([self, ...args]);
}

/** Ends this process when its launcher is gone, however that ended: nobody else could pass a signal on to us any more. */
function dieWithLauncher() {
  if (process.channel) {
    process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
    process.channel.unref();
  }
  // Our own children are not the launcher's.
  delete process.env.CALL_ME_LAUNCHER;
  delete process.env.NODE_CHANNEL_FD;
}
