// Acquire, wait, renew and release with nothing but generated code and Connect. What the layer over it does besides: clients/README.md.

import { LeaseState, LockService } from "@call-me/client/v1";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";

const transport = createConnectTransport({ baseUrl: process.env["CALL_ME_URL"] ?? "http://127.0.0.1:8000", httpVersion: "1.1" });
const locks = createClient(LockService, transport);
const key = { headers: { "x-api-key": process.env["CALL_ME_API_KEY"] ?? "" } };

// The same request again keeps the place in line; after a broken connection too.
const request = { environment: "uat", requestId: crypto.randomUUID(), ttl: { seconds: 60n }, wait: { seconds: 60n } };
let { lease, leaseToken } = await locks.acquire(request, key);
while (lease?.state === LeaseState.QUEUED) {
  console.log(`waiting at position ${lease.position}`);
  ({ lease, leaseToken } = await locks.acquire(request, key));
}
if (lease?.state !== LeaseState.HELD) throw new Error(`not acquired: ${lease?.endNote}`);

// From here on the lease's own token is enough.
const token = { headers: { "x-api-key": leaseToken } };
const leaseId = lease.id;
const renewing = setInterval(() => locks.renew({ leaseId }, token).catch(console.error), 20_000);
try {
  console.log(`held, with fencing token ${lease.environments[0]?.fencingToken}`);
  // … the work …
} finally {
  clearInterval(renewing);
  await locks.release({ leaseId }, token);
}
