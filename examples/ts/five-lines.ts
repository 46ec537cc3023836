// Holds uat while a command runs: node five-lines.ts make test
import { Client } from "@call-me/client";

const command = process.argv.length > 2 ? process.argv.slice(2) : ["echo", "uat is mine"];
const client = new Client(); // CALL_ME_URL, CALL_ME_API_KEY
process.exitCode = await client.hold("uat", async (lease) => {
  // Ends when all that the command has started has ended.
  return await lease.run(command);
});
