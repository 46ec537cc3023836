// A pipeline in Python, with Debian's python3-grpcio or PyPI's grpcio.
import { execFile, execFileSync } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { Server } from "./server.ts";

const python = ["/usr/bin/python3", "python3"].find((command) => {
  try {
    execFileSync(command, ["-c", "import grpc, google.protobuf"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
});
if (python === undefined)
  console.warn(
    "SKIPPED: the test from Python needs grpcio and protobuf: apt-get install python3-grpcio python3-protobuf, or pip install grpcio protobuf",
  );

test.skipIf(python === undefined)("a stock Python client takes, waits, watches, checks its token and gives back", async () => {
  await using server = await Server.start();
  const run = promisify(execFile);
  const image = path.join(server.directory, "proto.binpb");
  await run(process.execPath, ["node_modules/@bufbuild/buf/bin/buf", "build", "--as-file-descriptor-set", "-o", image]);
  const { stdout } = await run(python ?? "", [path.resolve("test/outside/client.py"), `127.0.0.1:${server.port}`, server.key, image]);
  expect(stdout).toBe("done\n");
});
