import { connect, type IncomingHttpHeaders } from "node:http2";
import { pemOf, type TlsFiles } from "../../clients/ts/src/tls.ts";
import { type Check, ok, rootOf, warn } from "./finding.ts";

/** An empty message as gRPC frames it: not compressed, of length 0. */
const EMPTY = Buffer.alloc(5);

/**
 * Whether gRPC gets through: HTTP/2, in clear text with prior knowledge. The command line itself does without. By hand, since
 * connect's sessions throw past their caller when what answers is no HTTP/2.
 */
export const http2: Check = async ({ url, tls, patience }) => {
  try {
    const status = await checkHealth(url, tls, patience);
    if (status === "0") return ok("a gRPC call gets through");
    throw new Error(`the health check ended with grpc-status ${status}`);
  } catch (error) {
    return warn(
      `no gRPC: ${rootOf(error)}`,
      "gRPC clients need HTTP/2 all the way (nginx: grpc_pass, Envoy: http2_protocol_options); this command line and curl do without",
    );
  }
};

/** Calls grpc.health.v1.Health/Check and gives its grpc-status. */
function checkHealth(url: URL, tls: TlsFiles, patience: number): Promise<string> {
  const session = connect(url.origin, pemOf(tls));
  const status = new Promise<string>((resolve, reject) => {
    session.on("error", reject);
    const path = `${url.pathname.replace(/\/$/, "")}/grpc.health.v1.Health/Check`;
    const call = session.request({ ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers" });
    const take = (headers: IncomingHttpHeaders) => headers["grpc-status"] !== undefined && resolve(String(headers["grpc-status"]));
    call.setTimeout(patience, () => reject(new Error("no answer in time")));
    call.on("error", reject).on("response", take).on("trailers", take);
    call.on("close", () => reject(new Error("the answer has no grpc-status")));
    call.resume().end(EMPTY);
  });
  return status.finally(() => session.destroy());
}
