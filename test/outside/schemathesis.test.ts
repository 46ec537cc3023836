// Thousands of requests that a public tool makes of the OpenAPI document, against the real server.
import { execFile, execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { ERRORS, Server } from "./server.ts";

/** How it can be run: from PATH, or where .ci/run puts it. */
const command = [["schemathesis"], ["python3", "-m", "schemathesis.cli"]].find(([program = "", ...args]) => {
  try {
    execFileSync(program, [...args, "--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
});
if (command === undefined) console.warn("SKIPPED: the test with schemathesis needs it: pip install schemathesis");

/** Left out: what the rules refuse beyond the schema, and null, which stands for an absent field in every protobuf API. */
const EXCEPT = ["positive_data_acceptance", "negative_data_rejection"];

test.skipIf(command === undefined)(
  "schemathesis finds no answer that is broken or not described",
  async () => {
    await using server = await Server.start();
    const document = path.join(server.directory, "openapi.json");
    // A call that waits is no fault, but takes its time.
    const text = readFileSync("gen/openapi/callme.openapi.json", "utf8");
    const { paths, components, ...rest } = JSON.parse(text) as { paths: object; components: { schemas: Record<string, Waiting> } };
    const requests = Object.entries(components.schemas).filter(([name]) => name.endsWith("Request"));
    const waits = requests.flatMap(([, { properties }]) => properties?.wait ?? []);
    expect(waits.length).toBeGreaterThan(1);
    for (const wait of waits) wait.pattern = "^0(\\.[0-9])?s$";
    writeFileSync(document, JSON.stringify({ ...rest, paths, components }));
    const [program = "", ...args] = command ?? [];
    const bounds = ["--phases", "coverage,fuzzing", "--max-examples", "10", "--max-time", "60", "--request-timeout", "30"];
    // A busy machine is no finding.
    const patience = ["--suppress-health-check", "too_slow"];
    const checks = ["--checks", "all", "--exclude-checks", EXCEPT.join(), "--exclude-path", "/watch"];
    const where = ["run", document, "--url", server.url, "-H", `x-api-key: ${server.key}`, "--no-color", "--warnings", "off"];
    const { stdout } = await promisify(execFile)(program, [...args, ...where, ...bounds, ...patience, ...checks], {
      cwd: server.directory,
    }).catch((error: { stdout: string }) => Promise.reject(new Error(error.stdout)));
    expect(stdout).toMatch(/Tested: \d\d/);
    // pino's 50 is an error; a warning is that a busy machine stood still.
    expect(server.log.filter(({ level }) => ERRORS.includes(level))).toEqual([]);
  },
  180_000,
);

interface Waiting {
  readonly properties?: { readonly wait?: { pattern: string } };
}
