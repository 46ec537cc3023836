// A relay between call-me and GitHub: takes notices, checks that they come from call-me, and starts a workflow with each. It needs Node alone.
// WEBHOOK_KEY (whsec_…), GITHUB_TOKEN, WORKFLOW (owner/repo/file.yml), and if they are others GITHUB_REF (main), GITHUB_API and PORT (8080).
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import process from "node:process";

const { WEBHOOK_KEY = "", GITHUB_TOKEN = "", WORKFLOW = "", GITHUB_REF = "main" } = process.env;
const { GITHUB_API = "https://api.github.com", PORT = "8080" } = process.env;
const LARGEST = 64 * 1024;
const KEY = Buffer.from(WEBHOOK_KEY.replace(/^whsec_/, ""), "base64");
if (KEY.length < 24) throw new Error("WEBHOOK_KEY is no key: give the one that call-me signs with, whsec_…");

/** Whether a request was signed with the key, in the last five minutes. */
function isGenuine({ "webhook-id": id, "webhook-timestamp": time, "webhook-signature": signatures = "" }, body) {
  if (!(Math.abs(Date.now() / 1_000 - Number(time)) < 300)) return false;
  const due = createHmac("sha256", KEY).update(`${id}.${time}.${body}`).digest();
  return String(signatures)
    .split(" ")
    .map((one) => Buffer.from(one.replace(/^v1,/, ""), "base64"))
    .some((one) => one.length === due.length && timingSafeEqual(one, due));
}

async function start({ type, data }) {
  const [owner, repository, file] = WORKFLOW.split("/");
  const inputs = { type, lease_id: data.lease_id ?? "", environment: data.environments.join(",") };
  const answer = await fetch(`${GITHUB_API}/repos/${owner}/${repository}/actions/workflows/${file}/dispatches`, {
    method: "POST",
    headers: { authorization: `Bearer ${GITHUB_TOKEN}`, accept: "application/vnd.github+json", "content-type": "application/json" },
    body: JSON.stringify({ ref: GITHUB_REF, inputs }),
    // call-me gives up an attempt after 5 s, and tries again.
    signal: AbortSignal.timeout(4_000),
  });
  return answer.ok;
}

async function statusOf(request) {
  const chunks = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length > LARGEST) return 413;
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks).toString();
  if (!isGenuine(request.headers, body)) return 401;
  const notice = JSON.parse(body);
  if (notice.type === "notices.test") return 204;
  return (await start(notice)) ? 204 : 502;
}

const server = createServer((request, answer) => {
  void statusOf(request)
    .catch(() => 500)
    .then((status) => answer.writeHead(status).end());
});
server.listen(Number(PORT), () => process.stdout.write(`listening on port ${server.address().port}\n`));
