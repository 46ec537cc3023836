// Holds uat while a command runs: node five-lines.ts make test
import { spawn } from "node:child_process";
import { once } from "node:events";
import { Client } from "@call-me/client";

const [command = "echo", ...args] = process.argv.slice(2);
const client = new Client(); // CALL_ME_URL, CALL_ME_API_KEY
process.exitCode = await client.hold("uat", async (lease, signal) => {
  const child = spawn(command, args, { stdio: "inherit", signal, env: { ...process.env, CALL_ME_LEASE_ID: lease.id } });
  const [code] = await once(child, "exit");
  return code ?? 1;
});
