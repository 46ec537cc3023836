/** What is told, as a receiver gets it. */
import { type Holder, whoOf } from "../core/model/lease.ts";
import { about } from "../core/model/text.ts";
import type { Micros } from "../core/model/units.ts";
import type { Notice, NoticeKind } from "../core/notice.ts";
import { ruleOf } from "../store/history/addressee.ts";
import type { Letter } from "../store/history/letter.ts";
import type { Template } from "./receiver.ts";
import type { Message } from "./sender.ts";

/** How much of a text Slack is shown, in characters. */
const LONGEST = 300;

/** The message of a letter: the same one for the same letter. */
export function messageOf({ id, to, notice }: Pick<Letter, "id" | "to" | "notice">, template: Template): Message {
  return { id, body: JSON.stringify(template === "slack" ? { text: inSlack(notice), mrkdwn: false } : asJson(notice, to)) };
}

/** What a kind is called outside: `lease.granted`. */
export function typeOf(kind: NoticeKind): string {
  if (kind === "test") return "notices.test";
  return kind === "broken" || kind === "quarantined" ? `environment.${kind}` : `lease.${kind}`;
}

function asJson(notice: Notice, to: string): object {
  const { kind, pool, environments, reason, lease, holder, principal, principalLabel, by, endReason, state } = notice;
  const rule = ruleOf(to);
  return {
    type: typeOf(kind),
    timestamp: timeOf(notice.at),
    data: {
      ...{ rule, pool, environments, reason, lease_id: lease, holder: holder && holderOf(holder), principal },
      ...{ principal_label: principalLabel, end_reason: endReason, state },
      by: by && {
        principal: by.principal,
        principal_label: by.principalLabel,
        lease_id: by.lease,
        holder: by.holder && holderOf(by.holder),
      },
      ...{ created_at: timeOf(notice.createdAt), granted_at: timeOf(notice.grantedAt) },
      ...{ until: timeOf(notice.until), latest_end: timeOf(notice.latestEnd) },
    },
  };
}

function timeOf(micros: Micros | undefined): string | undefined {
  return micros === undefined ? undefined : new Date(micros / 1_000).toISOString();
}

function holderOf({ name, kind, runUrl, repository, ref, sha, job, actor }: Holder): object {
  return { name, kind, run_url: runUrl, repository, ref, sha, job, actor };
}

function inSlack(notice: Notice): string {
  const { kind, at, environments, reason, lease, holder, principal = "", by, until, latestEnd, createdAt = at } = notice;
  const names = environments.length === 0 ? "an environment" : environments.map(plain).join(", ");
  const who = holder === undefined ? "" : linked(holder, notice);
  const why = reason === "" ? "" : `: ${plain(reason)}`;
  const doer = by === undefined ? "somebody" : plain(by.holder ? whoOf({ ...by, holder: by.holder }) : (by.principalLabel ?? by.principal));
  const end = [until, latestEnd].filter((time) => time !== undefined).reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const left = Number.isFinite(end) ? about(Math.max(0, end - at)) : undefined;
  const texts: Readonly<Record<Notice["kind"], string>> = {
    granted: `${names} is held by ${who}${why}`,
    offered: `${names} is offered to ${who}, for ${left ?? "a moment"}: claim it`,
    queued_long: `${who} has waited ${about(at - createdAt)} for ${names}${why}`,
    expiring_soon: `the lease of ${who} on ${names} ends in ${left ?? "a moment"}`,
    expired: `the lease of ${who} on ${names} has expired${why}`,
    forced: `${doer} has ended the lease of ${who} on ${names}${why}`,
    ended: `the lease of ${who} on ${names} has ended (${notice.endReason ?? ""})${why}`,
    broken: `${names} is out of service${why}`,
    quarantined: `${names} is quarantined${why}`,
    test: `a test of call-me's notices, asked for by ${plain(principal)}`,
  };
  return lease === undefined || kind === "test" ? texts[kind] : `${texts[kind]} (${plain(lease)})`;
}

/** Who a lease is for; the link to its run only where that is one. */
function linked(holder: Holder, { principal = "", principalLabel }: Notice): string {
  const who = plain(whoOf({ holder, principal, ...(principalLabel !== undefined && { principalLabel }) }));
  const url = URL.parse(holder.runUrl);
  return url !== null && /^https?:$/.test(url.protocol) ? `<${escaped(url.href).replaceAll("|", "%7C")}|${who}>` : who;
}

/** A text in one line, that calls nobody and links to nothing, also in chats that read Markdown: a space of no width is in between. */
function plain(text: string): string {
  const line = [...text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ")].slice(0, LONGEST).join("");
  return escaped(line.replace(/(?<![\p{L}\p{N}])@/gu, "@\u200b").replaceAll("](", "]\u200b("));
}

/** What Slack shows as it is: it calls nobody, and links to nothing. */
function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
