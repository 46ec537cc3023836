import { createHash } from "node:crypto";
import { create, toBinary } from "@bufbuild/protobuf";
import { currentRun } from "../../clients/ts/src/ci/run.ts";
import { reasonOf } from "../../clients/ts/src/errors.ts";
import { AcquireRequestSchema, type AcquireResponse } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { type Lease, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import type { AcquireInit } from "../calls/request.ts";
import { Failure } from "../exit.ts";
import type { Variables } from "../settings.ts";

/** What makes a step this step and no other, from run to leg. */
export interface Identity {
  readonly run: string;
  readonly job: string;
  readonly attempt: string;
  readonly leg: string;
}

/**
 * Who this step is. A usage Failure names all that is missing: with less than the whole, two jobs would take each other's lease
 * for their own.
 */
export function identify(env: Variables, said: { runUrl: string | undefined; leg: string | undefined }): Identity {
  const told = currentRun(env);
  const run = said.runUrl ?? told?.url;
  const leg = said.leg ?? told?.leg;
  const system = told?.system;
  const missing = [
    run === undefined && "the run: set CALL_ME_RUN_URL, or give --run-url",
    told?.jobId === undefined && "the job: set CALL_ME_JOB",
    leg === undefined && system === undefined && "the matrix leg: set CALL_ME_LEG, or give --leg (0 if there is no matrix)",
    leg === undefined && system?.legUntold && `the matrix leg, which ${system.name} doesn't tell: ${system.legUntold}, or give --leg`,
  ].filter(Boolean);
  if (missing.length > 0 || run === undefined || told?.jobId === undefined) {
    throw Failure.usage(`--resume must know this step again, and cannot tell ${missing.join("; nor ")}`);
  }
  return { run, job: told.jobId, attempt: told.attempt ?? "", leg: leg ?? "" };
}

/** The id of this step's n-th request of this content, counted from 0. */
function requestIdOf(identity: Identity, request: AcquireInit, n: number): string {
  const { run, job, attempt, leg } = identity;
  const { holder: _, ...content } = request;
  const wanted = toBinary(AcquireRequestSchema, create(AcquireRequestSchema, { ...content, requestId: "" }));
  const facts = [run, job, attempt, leg, n, Buffer.from(wanted).toString("base64")];
  return `resume-${createHash("sha256").update(JSON.stringify(facts)).digest("hex")}`;
}

/**
 * Acquires as `identity`: what an earlier life of this step got, or still waits for, is taken up again. `ask` sends a request, and tells
 * of the lease as soon as it sees it. What has ended before is over: the step acquires once more, under the next number. So a job may
 * take the same environment again and again.
 */
export async function resume(
  identity: Identity,
  request: AcquireInit,
  ask: (request: AcquireInit, seen: (lease: Lease) => void) => Promise<AcquireResponse>,
): Promise<AcquireResponse> {
  for (let n = 0; ; n++) {
    let first: LeaseState | undefined;
    const asked = ask({ ...request, requestId: requestIdOf(identity, request, n) }, ({ state }) => {
      first ??= state;
    });
    const answer = await asked.catch((error: unknown) => {
      // With IF_BUSY_FAIL no answer tells of a lease that has ended.
      if (reasonOf(error) !== "LEASE_ENDED") throw error;
    });
    // Without a token nothing was stored: that is an answer to this request, not the end of an earlier one.
    const ended = answer === undefined || ((first ?? answer.lease?.state) === LeaseState.ENDED && answer.leaseToken !== "");
    if (!ended) return answer;
  }
}
