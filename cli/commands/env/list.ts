import { create } from "@bufbuild/protobuf";
import { type ListEnvironmentsResponse, ListEnvironmentsResponseSchema } from "../../../gen/ts/callme/v1/environment_service_pb.ts";
import { EnvironmentStateSchema } from "../../../gen/ts/callme/v1/types_pb.ts";
import { ClientCommand } from "../../base.ts";
import { allPages } from "../../calls/pages.ts";
import { CALL_TIMEOUT } from "../../client.ts";
import { Command, Option } from "../../clipanion.ts";
import { EXIT, Failure } from "../../exit.ts";
import { toldOf } from "../../words/facts.ts";
import { spoken } from "../../words/phrases.ts";

/** `call-me env list`: all environments, whatever number of pages they take. */
export class EnvListCommand extends ClientCommand {
  static override paths = [["env", "list"]];
  static override usage = Command.Usage({
    description: "List environments with their configuration and state, and what is set for pools",
    examples: [
      ["Those of one pool, as JSON", "$0 env list --pool staging --json"],
      ["As a file for env apply", "$0 env list --yaml > fleet.yaml"],
    ],
  });

  pool = Option.String("--pool", { description: "Only those of this pool" });
  yaml = Option.Boolean("--yaml", false, { description: "A file for env apply on stdout: what is configured, and nothing else" });

  protected async perform(): Promise<number> {
    if (this.json && this.yaml) throw Failure.usage("give --json or --yaml, not both");
    const { environments, pools } = await this.read();
    if (this.json) this.output.json(ListEnvironmentsResponseSchema, create(ListEnvironmentsResponseSchema, { environments, pools }));
    else if (this.yaml) this.output.raw((await import("../../fleet/writing.ts")).fleetYaml(environments, pools).trimEnd());
    else {
      const rows = environments.map((one) => ({
        cells: [
          spoken(EnvironmentStateSchema, one.state),
          one.name,
          one.pool,
          `${one.capacity ?? 1}`,
          one.description || (one.onDemand ? "(made on demand)" : ""),
        ],
        details: toldOf(one.facts),
      }));
      this.output.table({ heading: ["STATE", "ENVIRONMENT", "POOL", "CAPACITY", "DESCRIPTION"], rows });
    }
    return EXIT.done;
  }

  private async read(): Promise<Pick<ListEnvironmentsResponse, "environments" | "pools">> {
    const { environments } = await this.connect();
    const request = { pool: this.pool ?? "" };
    const pages = await allPages((page) =>
      this.persist(() => environments.listEnvironments({ ...request, ...page }, { timeoutMs: CALL_TIMEOUT, signal: this.interruption })),
    );
    return { environments: pages.flatMap((page) => page.environments), pools: pages.flatMap((page) => page.pools) };
  }
}
