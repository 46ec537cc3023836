/**
 * The generators of the languages: which, in which version, and how a machine gets them. The versions stand here alone.
 *
 * They are kept in the user's cache (~/.cache/call-me/tools), a folder per language and set of versions: `npm ci` empties node_modules, and
 * a CI run starts from a fresh clone, but neither should build or download them again.
 */
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { type Outcome, onMachine, program } from "./tools.ts";

interface Toolchain {
  /** Programs that the machine must have already. */
  needs: string[];
  /** The generators, as the language's package manager names them. */
  pins: string[];
  /** What else they depend on, beyond operating system and processor. */
  variant?: () => string;
  /** Puts them into folder/bin. What it writes must work when the folder is moved. */
  install: (folder: string, pins: string[]) => Outcome;
  /** Further files that belong to the generated code, by path below gen/<language>. */
  files?: Readonly<Record<string, string>>;
}

/** The release of protoc that all languages but Go and Rust, which need none, are generated with: Java calls it 4.31.1, Python 6.31.1. */
const PROTOC = "com.google.protobuf:protoc:4.31.1";

const toolchains: Readonly<Record<string, Toolchain>> = {
  ts: { needs: [], pins: [], install: () => ({ ok: true, output: "" }) },
  go: {
    needs: ["go"],
    pins: [
      "google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.11",
      "google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.6.2",
      "connectrpc.com/connect/cmd/protoc-gen-connect-go@v1.19.1",
    ],
    install: go,
  },
  python: {
    needs: ["python3"],
    pins: ["grpcio-tools==1.74.0", "mypy-protobuf==3.7.0", "protobuf==6.33.6"],
    variant: () => program("python3", ["-c", "import sys; print(sys.implementation.cache_tag)"]).output,
    install: pip,
    // A package of its own, with types. Its parent, `callme`, is the client's, written by hand: see clients/python.
    files: { "callme/v1/__init__.py": "", "callme/v1/py.typed": "" },
  },
  java: { needs: ["mvn"], pins: [PROTOC, "io.grpc:protoc-gen-grpc-java:1.83.1"], install: maven },
  rust: { needs: ["cargo", "cc"], pins: ["protoc-gen-prost@0.5.0", "protoc-gen-tonic@0.5.0"], install: cargo },
};

/** The public conformance suite of Connect, gRPC and gRPC-Web. */
const suite: Toolchain = { needs: ["go"], pins: ["connectrpc.com/conformance/cmd/connectconformance@v1.0.7"], install: go };

/** The languages that gen/ has a folder for. */
export const languages: readonly string[] = Object.keys(toolchains);

/** Where the generators of a language are, or another tool is, or why they cannot be had here. */
export interface Prepared {
  /** Why it has to be left out; undefined if it has not. */
  missing?: string;
  /** Folders to look for the programs in. */
  search: string[];
  files: Readonly<Record<string, string>>;
}

/** Sees to it that the generators of a language are there, in the versions that stand above. Never throws. */
export function prepare(language: string): Prepared {
  return provided(language, toolchains[language] ?? missing(language));
}

/** The same of the conformance suite, the program `connectconformance`. */
export function prepareSuite(): Prepared {
  return provided("conformance", suite);
}

/** The Go module that the conformance suite is in, with its version. */
export const suiteModule = suite.pins.map((pin) => pin.replace("/cmd/connectconformance", "")).join();

function provided(name: string, { needs, pins, variant, install, files = {} }: Toolchain): Prepared {
  const lacking = needs.filter((name) => !onMachine(name));
  if (lacking.length > 0) return { missing: `no ${lacking.join(", ")} on this machine`, search: [], files };
  if (pins.length === 0) return { search: [], files };
  const version = createHash("sha256")
    .update(JSON.stringify([pins, variant?.(), install.toString()]))
    .digest("hex")
    .slice(0, 12);
  const cache = path.join(process.env["XDG_CACHE_HOME"] || path.join(os.homedir(), ".cache"), "call-me", "tools");
  const home = path.join(cache, `${name}-${version}-${process.platform}-${process.arch}`);
  try {
    if (!existsSync(home)) fill(home, (folder) => install(folder, pins));
    return { search: [path.join(home, "bin")], files };
  } catch (error) {
    return { missing: `its tools could not be installed: ${error instanceof Error ? error.message : error}`, search: [], files };
  }
}

function missing(language: string): never {
  throw new Error(`no language "${language}"; there are ${languages.join(", ")}`);
}

/** All or nothing, also when killed halfway, or when two checkouts do it at the same time: the folder appears when it is complete. */
function fill(home: string, install: (folder: string) => Outcome): void {
  mkdirSync(path.dirname(home), { recursive: true });
  const folder = mkdtempSync(`${home}-`);
  try {
    mkdirSync(path.join(folder, "bin"));
    const { ok, output } = install(folder);
    if (!ok) throw new Error(output.split("\n").slice(-5).join("\n") || "the installer failed without a word");
    if (!existsSync(home)) renameSync(folder, home);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Does it for one after the other, up to the first that fails. */
function each(items: string[], act: (item: string) => Outcome): Outcome {
  for (const item of items) {
    const done = act(item);
    if (!done.ok) return done;
  }
  return { ok: true, output: "" };
}

function go(folder: string, pins: string[]): Outcome {
  return each(pins, (pin) => program("go", ["install", pin], { env: { GOBIN: path.join(folder, "bin") } }));
}

/** By pip into a plain folder: a virtual environment could not be moved, and needs a package of its own on Debian. */
function pip(folder: string, pins: string[]): Outcome {
  const library = path.join(folder, "lib");
  const done = program("python3", ["-m", "pip", "install", "--quiet", "--no-warn-script-location", "--target", library, ...pins]);
  if (!done.ok) return done;
  const python = 'PYTHONPATH=$(dirname "$0")/../lib exec python3';
  script(folder, "protoc", `${python} -m grpc_tools.protoc "$@"`);
  script(folder, "protoc-gen-mypy_grpc", `${python} -c 'import mypy_protobuf.main as main; main.grpc()'`);
  script(folder, "protoc-gen-grpc_python", `${python} "$CALL_ME_SCRIPTS/grpc_python.py"`);
  return done;
}

function script(folder: string, name: string, command: string): void {
  writeFileSync(path.join(folder, "bin", name), `#!/bin/sh\n${command}\n`, { mode: 0o755 });
}

/** Programs that Maven's repository has, one file per platform. */
function maven(folder: string, pins: string[]): Outcome {
  const system = { darwin: "osx", win32: "windows" }[process.platform as string] ?? process.platform;
  const processor = { x64: "x86_64", arm64: "aarch_64" }[process.arch as string] ?? process.arch;
  const bin = path.join(folder, "bin");
  return each(pins, (pin) => {
    const artifact = `-Dartifact=${pin}:exe:${system}-${processor}`;
    // Not in the checkout: Maven would read a pom.xml that lies there.
    const done = program("mvn", ["-q", "-B", "dependency:copy", artifact, `-DoutputDirectory=${bin}`], { cwd: folder });
    const [, name = ""] = pin.split(":");
    const file = readdirSync(bin).find((entry) => entry.startsWith(`${name}-`) && entry.endsWith(".exe"));
    if (!done.ok || file === undefined) return { ok: false, output: done.output.split("\n").find((line) => line !== "") ?? `no ${pin}` };
    renameSync(path.join(bin, file), path.join(bin, name));
    chmodSync(path.join(bin, name), 0o755);
    return done;
  });
}

/** Built without optimization: that takes a quarter of the time, and they run for less than a second. */
function cargo(folder: string, pins: string[]): Outcome {
  const target = path.join(folder, "target");
  const done = each(pins, (pin) =>
    program("cargo", ["install", "--quiet", "--debug", "--locked", "--root", folder, "--target-dir", target, pin]),
  );
  rmSync(target, { recursive: true, force: true });
  return done;
}
