// Holds uat while a command runs: node five-lines.ts make test
import { Client } from "@call-me/client";
import { run } from "./run.ts";

const command = process.argv.length > 2 ? process.argv.slice(2) : ["echo"];
const { CALL_ME_API_KEY: key = "", ...env } = process.env; // the key is not for the command
const client = new Client({ key }); // its address: CALL_ME_URL
process.exitCode = await client.hold("uat", async (lease, signal) => {
  // Returns when the command has ended, not before: then others come.
  return await run(command, signal, { ...env, CALL_ME_LEASE_ID: lease.id });
});
