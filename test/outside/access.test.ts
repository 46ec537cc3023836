/** A file of access rules, by a server as a process. */
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { Role } from "../../gen/ts/callme/v1/access_service_pb.ts";
import { clientsOf } from "./clients.ts";
import { eventually } from "./eventually.ts";
import { Server } from "./server.ts";

const RULES = `issuers:
- provider: github
  audience: https://call-me.example.com
  rules:
  - name: shop
    claims: {repository_id: 1296269}
    grants: {role: USE, patterns: uat-*}
`;

test.each([
  ["that is not there", undefined, /CALL_ME_ACCESS: cannot read .*access.yaml: ENOENT/],
  [
    "with a fault",
    RULES.replace("repository_id: 1296269", "repository: acme/shop"),
    /CALL_ME_ACCESS: .*access.yaml:6: issuers\[0\].rules\[0\].claims: names neither/,
  ],
  ["that is none", "issuers: [", /CALL_ME_ACCESS: .*access.yaml:1: /],
  ["of no rules", "- a", /CALL_ME_ACCESS: .*access.yaml:1: the file: got a list; write an object/],
])("a file %s stops the start with 78", async (_, text, words) => {
  await using server = await Server.start();
  await server.stop();
  const file = path.join(server.directory, "access.yaml");
  if (text !== undefined) await writeFile(file, text);
  await expect(server.restart({ CALL_ME_ACCESS: file })).rejects.toThrow(words);
  await expect(server.restart({ CALL_ME_ACCESS: file })).rejects.toThrow("ended with 78");
});

test("without a key, rules would keep nobody out, and are refused", async () => {
  await using server = await Server.start({ API_KEY: "" });
  const grants = [{ role: Role.ADMIN, patterns: ["*"] }];
  const file = path.join(server.directory, "access.yaml");
  await writeFile(file, RULES);
  await server.stop();
  await expect(server.restart({ CALL_ME_ACCESS: file })).rejects.toThrow(/CALL_ME_ACCESS is \S+access.yaml, and there is no key/);
  await server.restart();
  await clientsOf(server).access.createKey({ label: "admin", grants });
  await server.stop();
  await server.restart({ CALL_ME_ACCESS: file });
});

test("SIGHUP reads the file again: what is wrong with it is logged, and the server goes on", async () => {
  await using server = await Server.start();
  await server.stop();
  const file = path.join(server.directory, "access.yaml");
  await writeFile(file, "issuers: []");
  await server.restart({ CALL_ME_ACCESS: file });
  const logged = (words: RegExp) => eventually(() => server.log.find(({ msg }) => words.test(msg)));
  await writeFile(file, RULES.replace("USE", "use"));
  server.signal("SIGHUP");
  await logged(/access.yaml was not applied, .*access.yaml:7: .*role: got "use"; write one of VIEW/);
  await writeFile(file, "issuers: []\n");
  server.signal("SIGHUP");
  await logged(/who is let in is as the file of access rules says/);
});
