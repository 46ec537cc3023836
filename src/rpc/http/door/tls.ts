/** What the door speaks TLS with. */
import { constants } from "node:crypto";
import type { SecureContextOptions, TLSSocket } from "node:tls";
import { type ClientCertificate, namesIn } from "../../../access/certificates/certificate.ts";

/** A certificate, with those that stand between it and its CA, and its key, in PEM. */
export interface TlsOptions {
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
  /** TLS 1.2, unless given. */
  readonly minVersion?: "TLSv1.2" | "TLSv1.3";
  /** CAs, in PEM: clients are asked for a certificate of one of them. */
  readonly clientCa?: string | Buffer;
  /** Without such a certificate there is no connection. */
  readonly demandsCertificate?: boolean;
}

/** Those of TLS 1.3, and of TLS 1.2 what has forward secrecy and authenticates what it encrypts. */
const CIPHERS = [
  ...["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"],
  ...["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384"],
  ...["ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305"],
].join(":");

/** All that a connection's TLS depends on. A peer cannot make us negotiate anew, which would cost us more than it. */
export function contextOf({ cert, key, minVersion = "TLSv1.2", clientCa }: TlsOptions): SecureContextOptions {
  const ca = clientCa === undefined ? {} : { ca: clientCa };
  return { cert, key, minVersion, ...ca, ciphers: CIPHERS, secureOptions: constants.SSL_OP_NO_RENEGOTIATION };
}

/** The certificate that the other end of a connection has shown; undefined without one. */
export function shownOn(socket: TLSSocket): ClientCertificate | undefined {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return undefined;
  const fault = socket.authorized ? {} : { fault: `it is not accepted: ${socket.authorizationError}` };
  return { names: namesIn(certificate.subjectAltName ?? ""), until: certificate.validToDate.getTime(), ...fault };
}
