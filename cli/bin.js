#!/usr/bin/env node
// The entry of the commands `call-me`, `call-me-client` (the original's name for the same) and `call-me-server` (its name for
// `call-me serve`). Plain JavaScript, because it also starts on a Node that cannot run the rest. In a checkout it then runs itself
// again under one that can; the published package has a bundle that runs on Node 20 by itself, all but the server. Which command was meant
// is read from argv[1] as given, before npm's symlinks are resolved.
import { existsSync } from "node:fs";
import path from "node:path";
import { inherited, launch, leaveStreamsAlone, say, suits } from "../scripts/launch.js";

// The launcher says which file descriptors it passes on; else, before anything of ours is open, what is open is the caller's.
const { CALL_ME_LAUNCHER: launched } = process.env;
const descriptors = launched
  ? launched
      .split(",")
      .map(Number)
      .filter((number) => number > 2)
  : inherited();
const [, self = "call-me", ...given] = process.argv;
const args = path.basename(self, path.extname(self)) === "call-me-server" ? ["serve", ...given] : given;
const checkout = existsSync(new URL("./main.ts", import.meta.url));
if (suits()) {
  if (launched) dieWithLauncher();
  await run();
} else if (checkout) {
  launch([self, ...given]);
} else if (args[0] === "serve") {
  say(`call-me serve needs Node 22.18 or newer, and this is ${process.versions.node}; the other commands run on it`);
  process.exitCode = 78;
} else {
  await run();
}

async function run() {
  hideStreams();
  const { start } = await import(checkout ? "./main.ts" : "../dist/cli/main.js");
  leaveStreamsAlone();
  // All that was said is out, or nobody reads it: nothing that still waits to be written keeps us.
  process.exit(await start(args, { pid: launched ? process.ppid : process.pid, descriptors }));
}

/**
 * Has nobody get hold of Node's own streams before cli/streams has put its own in their place: whoever does, and `node:process` itself as it
 * is imported, makes a pipe non-blocking for all who share it. Windows has no such flag.
 */
function hideStreams() {
  if (process.platform === "win32") return;
  for (const name of ["stdin", "stdout", "stderr"])
    Object.defineProperty(process, name, { configurable: true, enumerable: true, value: {} });
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
