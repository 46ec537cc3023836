// node scripts/launch.js test/conformance/generate.ts: writes gen/ from the protos of the suite's version that scripts/toolchains.ts names.
import path from "node:path";
import { suiteModule } from "../../scripts/toolchains.ts";
import { type Outcome, program, tool } from "../../scripts/tools.ts";

const FILES = ["config", "service", "server_compat"];

function must({ ok, output }: Outcome): string {
  if (!ok) throw new Error(output);
  return output;
}

const { Dir } = JSON.parse(must(program("go", ["mod", "download", "-json", suiteModule]))) as { Dir: string };
const proto = path.join(Dir, "proto");
const out = path.join(import.meta.dirname, "gen");
const options = ["target=ts", "import_extension=ts", "erasable_syntax=true"];
const template = JSON.stringify({ version: "v2", plugins: [{ local: "protoc-gen-es", out, opt: options }] });
const paths = FILES.flatMap((name) => ["--path", path.join(proto, "connectrpc", "conformance", "v1", `${name}.proto`)]);
must(tool("buf", ["generate", proto, "--template", template, ...paths]));
