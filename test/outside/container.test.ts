// How the Dockerfile looks whether a container is healthy, run beside a server.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { Authority } from "../authority.ts";
import { Server } from "./server.ts";

/** The exit code of the check in the environment of a container. */
async function health(env: Record<string, string>): Promise<number | null> {
  const [, command = "[]"] = /^HEALTHCHECK .*\\\n +CMD (\[.*\])$/m.exec(readFileSync("Dockerfile", "utf8")) ?? [];
  const [program = "", ...args] = JSON.parse(command) as string[];
  const child = spawn(program, args, { env: { PATH: process.env["PATH"], ...env }, stdio: "ignore" });
  const [code] = await once(child, "exit");
  return code;
}

test("a container is healthy while its server answers, in clear text or over TLS, and not without it", async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "call-me-container-"));
  try {
    const { cert, key } = new Authority().issue({ names: ["DNS:call-me.example"] });
    const tls = { CALL_ME_TLS_CERT: path.join(folder, "cert"), CALL_ME_TLS_KEY: path.join(folder, "key") };
    writeFileSync(tls.CALL_ME_TLS_CERT, cert);
    writeFileSync(tls.CALL_ME_TLS_KEY, key);
    await using clear = await Server.start();
    await using secure = await Server.start(tls);
    expect(await health({ PORT: String(clear.port) })).toBe(0);
    expect(await health({ PORT: String(secure.port), ...tls })).toBe(0);
    await clear.kill9();
    expect(await health({ PORT: String(clear.port) })).toBe(1);
    expect(await health({ PORT: String(secure.port) })).toBe(1);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
