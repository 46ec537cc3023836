import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { createFileRegistry, type FileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { type Outcome, tool } from "../tools.ts";

/** What `make` makes of the contract, as JSON; the contract has its comments. Or why buf could not read it. */
export function fromContract(make: (registry: FileRegistry) => object): Outcome {
  const folder = mkdtempSync(path.join(os.tmpdir(), "call-me-contract-"));
  try {
    const image = path.join(folder, "image.binpb");
    const built = tool("buf", ["build", "--as-file-descriptor-set", "--output", image]);
    if (!built.ok) return built;
    const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(image)));
    return { ok: true, output: `${JSON.stringify(make(registry), null, 2)}\n` };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
