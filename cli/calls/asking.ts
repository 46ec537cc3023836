import type { Lease } from "../../gen/ts/callme/v1/types_pb.ts";
import { ClientCommand } from "../base.ts";
import { CALL_TIMEOUT, type Locks } from "../client.ts";
import { Option } from "../clipanion.ts";
import type { AcquireOptions } from "./request.ts";

/** A command that asks for environments: the options that say which, for whom and how long to wait. */
export abstract class AskingCommand extends ClientCommand implements AcquireOptions {
  environments = Option.Rest({ name: "ENV[=SLOTS]" });
  selectors = Option.Array("-l,--selector", [], {
    description: "Or any environment with these labels, such as tier=uat,region in (eu,us),!gpu; may be repeated",
  });
  count = Option.String("--count", { description: "How many different environments that the selector matches; default 1" });
  slots = Option.String("--slots", { description: "How many slots of the one environment, or of each; also written uat=2; default 1" });
  pool = Option.String("--pool", { description: "The environments' pool; default: theirs; of selectors alone: default" });
  busyFails = Option.Boolean("--fail", false, { description: "If it is busy, fail (4) instead of standing in line" });
  wait = Option.String("--wait", { description: "With --fail: stand in line for this long before it fails, 60s at most" });
  queueTimeout = Option.String("--queue-timeout", { description: "Give up after waiting this long" });
  ticketTtl = Option.String("--ticket-ttl", { description: "How long the place in line outlives a lost connection; default 60s" });
  priority = Option.String("--priority", { description: "-10 to 10, each step worth ten minutes of waiting; write --priority=-1" });
  supersedeKey = Option.String("--supersede-key", {
    description: "Newer requests with this key can take the place of this one, such as runs of one branch: shop/checkout-main",
  });
  supersede = Option.String("--supersede", {
    description: "With a key: end older ones that wait (pending), and ask those that hold to stop (held); default none",
  });
  requestId = Option.String("--request-id", { description: "The same id gets the same lease again; default: a random one" });
  reason = Option.String("--reason", { description: "What it is for; others who wait see it" });
  holder = Option.String("--name", { description: "Who it is for; default: the CI run, or user@host" });
  runUrl = Option.String("--run-url", { description: "Where the run can be looked at; default: from the CI system's variables" });
  tags = Option.Array("--tag", [], { description: "A free word to find the lease by; may be repeated" });

  /** A lease as it is; undefined if nobody knows it. It is no sign of life. */
  protected async look(locks: Locks, leaseId: string): Promise<Lease | undefined> {
    const call = { timeoutMs: CALL_TIMEOUT, signal: this.interruption };
    return (await this.persist(() => locks.getLease({ leaseId }, call))).lease;
  }

  abstract readonly ttl: string | undefined;
  abstract readonly maxHold: string | undefined;
  abstract readonly claimTimeout: string | undefined;
}
