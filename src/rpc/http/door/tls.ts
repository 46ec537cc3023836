/** What the door speaks TLS with. */
import { constants } from "node:crypto";
import type { SecureContextOptions } from "node:tls";

/** A certificate, with those that stand between it and its CA, and its key, in PEM. */
export interface TlsOptions {
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
  /** TLS 1.2, unless given. */
  readonly minVersion?: "TLSv1.2" | "TLSv1.3";
}

/** Those of TLS 1.3, and of TLS 1.2 what has forward secrecy and authenticates what it encrypts. */
const CIPHERS = [
  ...["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"],
  ...["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384"],
  ...["ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305"],
].join(":");

/** All that a connection's TLS depends on. A peer cannot make us negotiate anew, which would cost us more than it. */
export function contextOf({ cert, key, minVersion = "TLSv1.2" }: TlsOptions): SecureContextOptions {
  return { cert, key, minVersion, ciphers: CIPHERS, secureOptions: constants.SSL_OP_NO_RENEGOTIATION };
}
