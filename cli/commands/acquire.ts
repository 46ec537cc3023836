import { ACQUIRE_TIMEOUT, Waiting, type WaitObserver } from "../../clients/ts/src/waiting.ts";
import type { AcquireResponse } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { type Lease, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { AskingCommand } from "../calls/asking.ts";
import { askOrPickUp, detach } from "../calls/detached.ts";
import { takeGiven } from "../calls/given.ts";
import { handOn, isLive } from "../calls/handing-on.ts";
import { explainBusy, explainMiss, missCode, obstacles } from "../calls/obstacle.ts";
import { selfOf } from "../calls/own-lease.ts";
import { type AcquireInit, buildRequest, namesIn } from "../calls/request.ts";
import { writerOf } from "../ci/handoff.ts";
import { identify, resume } from "../ci/resume.ts";
import type { Locks } from "../client.ts";
import { Command, Option } from "../clipanion.ts";
import { EXIT, Failure } from "../exit.ts";
import { leaseInHand } from "../settings.ts";
import { formatDuration, milliseconds, spell } from "../words/duration.ts";
import { cuts, heldUntil } from "../words/granted.ts";
import { environmentsOf } from "../words/phrases.ts";
import { reservedAfter } from "../words/reservation.ts";
import { WaitReport } from "../words/wait-report.ts";

/** `call-me acquire`, and `call-me request` as the original says: takes environments, waiting for as long as it takes. */
export class AcquireCommand extends AskingCommand {
  static override paths = [["acquire"], ["request"]];
  static override usage = Command.Usage({
    description: "Take one or several environments, waiting in line until they are free",
    details: `
      Several environments are granted together or not at all; \`uat=2\` asks for two slots of uat. The place in line survives lost
      connections and restarts of the server; interrupting the command gives it up. Exit code 4: not acquired, stderr says why; 7: superseded by a newer run.
      Durations are written like 30s, 15m or 1h30m.

      \`--output\` hands the lease on, with the variables of what it holds, and the secret ones only to env and json: env prints export lines for eval, dotenv and gitlab print NAME=value, github writes the step's
      outputs and masks the token, json prints the answer. Whoever has the lease's id and token can renew and release it.

      With \`--resume\` a step that was killed and started again finds the lease, or the place in line, that it had. Who it is comes from
      the CI system's variables: run, job, attempt and matrix leg.
    `,
    examples: [
      ["Take uat for half an hour", "$0 acquire uat --ttl 30m"],
      ["Take it now or fail", "$0 acquire uat --fail"],
      ["Take it within half a minute or fail", "$0 acquire uat --fail --wait 30s"],
      ["Two environments together, waiting an hour at most; lease and token for later", "$0 acquire uat db=2 --queue-timeout 1h --json"],
      ["Take it in a shell, and give it back there", 'eval "$(call-me acquire uat --output env)"; trap "call-me release uat" EXIT'],
      ["Stand in line without a process; another job picks it up", "$0 acquire uat --detach --request-id $CI_PIPELINE_ID"],
      [
        "The same, and be told when it is one's turn",
        "$0 acquire uat --detach --request-id $CI_PIPELINE_ID --notify https://ci.example.com/hooks/uat",
      ],
      ["There, once it runs: as soon as it is its turn", "$0 acquire uat --request-id $CI_PIPELINE_ID"],
      ["In place of older runs of this branch", "$0 acquire uat --supersede-key shop/main --supersede held"],
      ["Take it in a step that may be restarted, in a leg of a matrix", "$0 acquire uat --resume --leg 3"],
    ],
  });

  ttl = Option.String("--ttl", { description: "How long it is held unless renewed; default: the environment's, or 1h" });
  maxHold = Option.String("--max-hold", {
    description: "How long it can be held with any number of renewals; default: the environment's, or 4h",
  });
  noWait = Option.Boolean("--no-wait", false, { description: "Stand in line, but don't wait: exit code 4 if it was not granted at once" });
  detach = Option.Boolean("--detach", false, {
    description: "Stand in line and end at once (0), to be picked up later: prints the lease's id; place kept for 1h, an offer for 10m",
  });
  notify = Option.String("--notify", {
    description: "Have this URL called when it is offered or granted, and when it ends; the server says which it allows",
  });
  claimTimeout = Option.String("--claim-timeout", {
    description: "How long a grant waits for a lost connection to return before the next one is served; default 5s",
  });
  resumes = Option.Boolean("--resume", false, { description: "Find the lease again that this step had before it was restarted" });
  leg = Option.String("--leg", {
    description: "Which leg of a matrix this is, for --resume; default: CALL_ME_LEG, or the CI system's variable",
  });
  format = Option.String("--output", { description: "Hand the lease on as env, dotenv, github, gitlab or json" });
  mask = Option.Boolean("--mask", true, { description: "--no-mask: don't hide the token; GitHub gives hidden outputs to no other job" });

  protected async perform(): Promise<number> {
    const { env, pace } = this.context;
    if (this.json && this.format !== undefined && this.format !== "json")
      throw Failure.usage(`give --json or --output ${this.format}, not both`);
    if (this.noWait && this.wait !== undefined) throw Failure.usage("give --no-wait or --wait, not both");
    if (this.detach && (this.noWait || this.busyFails || this.resumes))
      throw Failure.usage("--detach goes with none of --no-wait, --fail and --resume: it stands in line, and is picked up by --request-id");
    if (this.resumes && this.requestId !== undefined) throw Failure.usage("give --resume or --request-id, not both");
    const identity = this.resumes ? identify(env, this) : undefined;
    const plain = buildRequest(this, env);
    const request = this.detach ? detach(plain) : plain;
    const hand = writerOf(this.json ? "json" : this.format, env, namesIn(request));
    const { locks } = await this.connect();
    const start = process.hrtime.bigint();
    const { interruption } = this;
    const look = (lease: Lease) => obstacles(locks, lease);
    const original = hand === undefined && this.original;
    const [around, self] = [leaseInHand(env), selfOf(env, { name: this.holder, runUrl: this.runUrl })];
    const report = new WaitReport(this.output, { original, every: pace.notice, look, interruption, around, self });
    try {
      const ask = (asked: AcquireInit, seen?: (lease: Lease) => void) =>
        this.noWait || this.detach
          ? this.persist(() => locks.acquire(asked, { timeoutMs: ACQUIRE_TIMEOUT, signal: this.interruption }))
          : this.stand(locks, asked, report, seen);
      const asked = identity === undefined ? this.askPlainly(locks, request, ask) : resume(identity, request, ask);
      const answer = await asked.catch(async (error: unknown) => {
        throw await explainBusy(locks, request, error);
      });
      if (this.noWait || this.detach) report.answered(answer);
      report.close();
      await handOn(locks, answer, { context: this.context, output: this.output }, async () => {
        if (answer.lease?.state === LeaseState.HELD) takeGiven(answer.lease, this.output);
        // There is nothing to pick up of what can never be had.
        const isOver = this.detach && (answer.lease === undefined || !isLive(answer.lease.state));
        if (hand !== undefined && (!isOver || this.json || this.format === "json"))
          await hand(answer, { output: this.output, env, mask: this.mask, detached: this.detach });
        else if (isOver) return;
        else if (this.detach) this.output.data(answer.lease?.id ?? "");
        else if (answer.lease?.state === LeaseState.HELD) this.tell(answer.lease, start);
      });
      return await this.conclude(locks, request, answer);
    } finally {
      report.close();
    }
  }

  /** Under a request_id that was given, what another job has detached is picked up. */
  private askPlainly(
    locks: Locks,
    request: AcquireInit,
    ask: (request: AcquireInit) => Promise<AcquireResponse>,
  ): Promise<AcquireResponse> {
    if (this.detach || this.requestId === undefined) return ask(request);
    return askOrPickUp(request, ask, (leaseId) => this.look(locks, leaseId));
  }

  private tellDetached({ id, requestId, ticketTtl, claimTimeout }: Lease): void {
    const [place, offer] = [spell(milliseconds(ticketTtl)), spell(milliseconds(claimTimeout))];
    this.output.word(`lease ${id} keeps its place for ${place} after it was heard of, and an offer for ${offer}`);
    this.output.word(
      `pick it up: call-me acquire --request-id ${requestId} and the same environments, or by its token: call-me wait --lease ${id}`,
    );
  }

  private tell(lease: Lease, start: bigint): void {
    this.output.data(`acquired slot for environment: ${environmentsOf(lease)}`);
    const waited = process.hrtime.bigint() - start;
    this.output.data(`waited ${this.original ? formatDuration(waited) : spell(Number(waited / 1_000_000n))}`);
  }

  private async stand(locks: Locks, request: AcquireInit, report: WaitReport, seen?: (lease: Lease) => void): Promise<AcquireResponse> {
    const observer: WaitObserver = {
      answered: (answer) => report.answered(answer),
      seen: (lease) => {
        seen?.(lease);
        report.seen(lease);
      },
      lost: (why) => report.lost(why),
      gaveUp: (lease, heard) => report.gaveUp(lease, heard),
    };
    using waiting = new Waiting(locks, request, { signal: this.interruption, pace: this.context.pace, observer });
    return await waiting.settled();
  }

  /** The words of the original client are asked for by its name for this command, and in its units. */
  private get original(): boolean {
    return this.path[0] === "request";
  }

  private async conclude(locks: Locks, request: AcquireInit, { lease, environmentCreated }: AcquireResponse): Promise<number> {
    if (this.detach && lease !== undefined && isLive(lease.state)) this.tellDetached(lease);
    if (this.detach && lease?.state === LeaseState.QUEUED) return EXIT.done;
    if (lease?.state !== LeaseState.HELD) {
      this.output.word(`not acquired: ${await explainMiss(locks, lease)}`);
      return missCode(lease);
    }
    if (environmentCreated) this.output.word(`${environmentsOf(lease)} did not exist: it was created, with one slot`);
    this.output.word(`lease ${lease.id} is held ${heldUntil(lease)}`);
    for (const fact of [...cuts(request, lease), ...reservedAfter(lease)]) this.output.word(fact);
    return EXIT.done;
  }
}
