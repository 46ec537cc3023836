/** InsightService's notices: each method once, `(message, call) → message`. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type * as pb from "../../../gen/ts/callme/v1/insight_service_pb.ts";
import type { Tested } from "../../notices/notices.ts";
import { typeOf } from "../../notices/template.ts";
import { addressOf } from "../../store/history/addressee.ts";
import type { Dead, DeadLetter } from "../../store/history/letter.ts";
import { badField } from "../errors.ts";
import type { Call, Service } from "./call.ts";
import { holderOf } from "./convert.ts";
import { show } from "./fields.ts";
import { pageOf, pageSize, readToken } from "./page.ts";
import { timestampOf } from "./times.ts";

export async function listNotices(
  service: Service,
  request: pb.ListNoticesRequest,
): Promise<MessageInitShape<typeof pb.ListNoticesResponseSchema>> {
  const { notices } = service;
  const size = pageSize(request.pageSize);
  const [before] = readToken(request.pageToken, 1, ([number]) => Number.isSafeInteger(Number(number))) ?? [];
  const dead = await notices.dead(size + 1, before === undefined ? Number.MAX_SAFE_INTEGER : Number(before));
  const { page, nextPageToken } = pageOf(dead, size, ({ number }) => [String(number)]);
  // The first page has all of them.
  const receivers = before === undefined ? await notices.states() : [];
  return {
    notices: page.map((letter) => noticeMessage(letter, service)),
    nextPageToken,
    receivers: receivers.map(({ rule, origin, waiting, failures, why }) => ({ rule, origin, waiting: BigInt(waiting), failures, why })),
  };
}

export async function retryNotice(
  { notices }: Service,
  request: pb.RetryNoticeRequest,
): Promise<MessageInitShape<typeof pb.RetryNoticeResponseSchema>> {
  const count = await notices.retry(whichOf(request));
  return { retried: count > 0, count };
}

export async function dropNotices(
  { notices }: Service,
  request: pb.DropNoticesRequest,
): Promise<MessageInitShape<typeof pb.DropNoticesResponseSchema>> {
  return { count: await notices.drop(whichOf(request)) };
}

/** Which of the dead; one who says nothing does not mean all. */
function whichOf({ id, rule, all }: Pick<pb.DropNoticesRequest, "id" | "rule" | "all">): Dead {
  const given = [id !== "" && "id", rule !== "" && "rule", all && "all"].filter((field) => field !== false);
  const [field, more] = given;
  if (field === undefined) throw badField("id", "is empty; give the id of a notice that was given up, or rule, or all");
  if (more !== undefined) throw badField(more, `there is ${field} as well; give one of id, rule and all`);
  return all ? "all" : rule === "" ? { id } : { to: addressOf(rule) };
}

export async function testNotices(
  { notices }: Service,
  { rule, url }: pb.TestNoticesRequest,
  { caller }: Call,
): Promise<MessageInitShape<typeof pb.TestNoticesResponseSchema>> {
  if (rule !== "" && url !== "") throw badField("url", "there is a rule as well; give one of the two");
  if (url !== "") return { tests: [await testedUrl(notices, url, caller.principal)].map(testMessage) };
  if (rule !== "" && !notices.rules.includes(rule)) {
    const known = notices.rules.length === 0 ? "the server has none: see CALL_ME_NOTICES" : `there are ${notices.rules.join(", ")}`;
    throw badField("rule", `${show(rule)} is no rule of the server's file of notices; ${known}`);
  }
  const tests = await notices.test(caller.principal, rule === "" ? undefined : rule);
  return { tests: tests.map(testMessage) };
}

async function testedUrl(notices: Service["notices"], url: string, principal: string): Promise<Tested> {
  const complaint = notices.complaintOf(url);
  const tested = complaint === undefined ? await notices.testOf(url, principal) : undefined;
  if (tested === undefined) throw badField("url", complaint ?? "is not allowed any more");
  return tested;
}

function testMessage({ rule, origin, outcome }: Tested): MessageInitShape<typeof pb.NoticeTestSchema> {
  return { ...{ rule, origin, delivered: outcome.ok }, ...(!outcome.ok && { why: outcome.why }) };
}

function noticeMessage(letter: DeadLetter, { notices }: Service): MessageInitShape<typeof pb.NoticeSchema> {
  const { id, to, notice, diedAt, why } = letter;
  const { kind, at, pool, environments, lease, holder, reason } = notice;
  return {
    ...{ id, type: typeOf(kind), ...notices.named(to), time: timestampOf(at), pool, environments: [...environments] },
    ...{ leaseId: lease ?? "", ...(holder && { holder: holderOf(holder) }), reason, givenUpAt: timestampOf(diedAt), why },
  };
}
