// The Groovy that Jenkins runs pipelines with, and what it transforms them with, from Maven Central.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";

const FOLDER = path.resolve("node_modules/.cache/call-me");
const ARTIFACTS = ["org.codehaus.groovy:groovy-all:2.4.21", "com.cloudbees:groovy-cps:1.31", "com.google.guava:guava:11.0.1"];

/** Why it cannot be had; undefined if it can. Fetches it, once. */
export async function missingGroovy(): Promise<string | undefined> {
  const run = promisify(execFile);
  try {
    await run("java", ["-version"]);
  } catch {
    return "there is no java";
  }
  for (const artifact of ARTIFACTS.filter((one) => !existsSync(jar(one)))) {
    const copy = ["dependency:copy", `-Dartifact=${artifact}`, `-DoutputDirectory=${FOLDER}`];
    try {
      await run("mvn", ["--batch-mode", "--quiet", ...copy], { timeout: 240_000 });
    } catch (error) {
      return `${artifact} could not be fetched with mvn: ${(error as Error).message.split("\n", 1)[0]}`;
    }
  }
  return ARTIFACTS.every((one) => existsSync(jar(one))) ? undefined : "mvn fetched nothing";
}

/** The arguments of java that run a Groovy script. */
export function groovy(script: string, ...args: string[]): string[] {
  // Groovy 2.4 calls methods of classes that Java hides by now; Jenkins opens the same.
  const open = ["lang", "util", "io"].flatMap((name) => ["--add-opens", `java.base/java.${name}=ALL-UNNAMED`]);
  const classes = ARTIFACTS.map(jar).join(path.delimiter);
  return [...open, "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", classes, "groovy.ui.GroovyMain", path.resolve(script), ...args];
}

function jar(artifact: string): string {
  const [, name, version] = artifact.split(":");
  return path.join(FOLDER, `${name}-${version}.jar`);
}
