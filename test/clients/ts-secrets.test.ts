/** What an error of the TypeScript client shows to whoever logs it. */
import { inspect } from "node:util";
import { expect, test } from "vitest";
import { Client, NotAcquired } from "../../clients/ts/src/index.ts";
import { LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { leaseIn, ScriptedServer } from "./scripted.ts";

test("of a lease that lacks one variable, it shows none of the others", async () => {
  await using scripted = await new ScriptedServer().start();
  const variables = { PASSWORD: "hunter2" };
  const slotVariables = [{ variables: { PIN: "hunter3" } }];
  const environments = [{ name: "uat", fencingToken: 7n, slotIndexes: [0], variables, slotVariables, missingVariables: ["KEY"] }];
  scripted.acquire = () => leaseIn(LeaseState.HELD, { environments });
  scripted.renew = () => leaseIn(LeaseState.HELD, { environments });
  const error: unknown = await new Client(scripted).hold("uat").catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(NotAcquired);
  const shown = `${inspect(error, { depth: 20, showHidden: true })} ${error instanceof NotAcquired && inspect(error.lease, { depth: 20 })}`;
  expect(shown).toContain("KEY of uat");
  expect(shown).not.toMatch(/hunter/);
});
