import { Code, ConnectError } from "@connectrpc/connect";
import { reasonOf } from "../../clients/ts/src/errors.ts";
import { PrincipalKind } from "../../gen/ts/callme/v1/access_service_pb.ts";
import { ClientCommand } from "../base.ts";
import { type Access, CALL_TIMEOUT, type Environments, type Locks } from "../client.ts";
import { Option } from "../clipanion.ts";
import { Failure } from "../exit.ts";
import { leaseInHand } from "../settings.ts";
import { ownLease, selfOf, type Target } from "./own-lease.ts";
import { allPages } from "./pages.ts";

/** What it asks. */
export interface Services {
  readonly locks: Locks;
  readonly environments: Environments;
  readonly access: Access;
}

/** A command about a lease that the caller has: named by its id, or by an environment on which it is known by whom it is for. */
export abstract class OwningCommand extends ClientCommand {
  environment = Option.String({ name: "ENV", required: false });
  leaseId = Option.String("--lease", { description: "The id of the lease" });
  holder = Option.String("--name", { description: "Who it was for, where there is no run; default: user@host" });
  runUrl = Option.String("--run-url", { description: "Which run this is; default: from the CI system's variables" });

  /** Without a name it is the lease in CALL_ME_LEASE_ID. A usage Failure where that is not set either. */
  protected nameIt(): void {
    if (this.environment === undefined) this.leaseId ??= leaseInHand(this.context.env);
    if (this.environment === undefined && this.leaseId === undefined) throw Failure.usage("name an environment, or a lease with --lease");
  }

  /** The lease that is meant, or undefined if nobody is on ENV; a Failure (5) as `ownLease` throws it. */
  protected async findTarget({ locks, environments, access }: Services): Promise<Target | undefined> {
    if (this.leaseId !== undefined) return { leaseId: this.leaseId };
    const environment = this.environment ?? "";
    const inHand = leaseInHand(this.context.env);
    if (inHand !== undefined && (await this.isOn(locks, inHand, environment))) return { leaseId: inHand };
    const filter = { environment };
    const pages = await allPages((page) => this.persist(() => environments.listLeases({ filter, ...page }, this.call())));
    const self = selfOf(this.context.env, { name: this.holder, runUrl: this.runUrl });
    const leases = pages.flatMap((page) => page.leases);
    return ownLease(environment, leases, { ...self, principal: await this.principal(access) });
  }

  /** Who we are to the server; undefined where it does not say, or knows us by a lease's token only. */
  private async principal(access: Access): Promise<string | undefined> {
    try {
      const { kind, principal } = await this.persist(() => access.whoAmI({}, this.call()));
      return kind === PrincipalKind.LEASE_TOKEN ? undefined : principal;
    } catch (error) {
      if (ConnectError.from(error).code === Code.Unimplemented) return undefined;
      throw error;
    }
  }

  protected call(): { timeoutMs: number; signal: AbortSignal } {
    return { timeoutMs: CALL_TIMEOUT, signal: this.interruption };
  }

  /** Whether a lease is, or was, on the environment; not if nobody knows it any more. */
  private async isOn(locks: Locks, leaseId: string, environment: string): Promise<boolean> {
    try {
      const { lease } = await this.persist(() => locks.getLease({ leaseId }, this.call()));
      return lease?.environments.some(({ name }) => name === environment) ?? false;
    } catch (error) {
      if (reasonOf(error) === "LEASE_NOT_FOUND") return false;
      throw error;
    }
  }
}
