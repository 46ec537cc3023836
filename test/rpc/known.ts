import { Certificates } from "../../src/access/certificates/identities.ts";
import { ACCESS_LIMITS } from "../../src/access/limits.ts";
import { Tokens } from "../../src/access/oidc/tokens.ts";
import { Throttle } from "../../src/access/throttle.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { Fairness } from "../../src/rpc/fairness.ts";
import { Keyring } from "../../src/rpc/keyring.ts";

/** What tells callers of a server without any rules. */
export function nobodyKnown(engine: Engine) {
  const log = { info: () => {}, warn: () => {} };
  return { keyring: new Keyring(engine), tokens: new Tokens(log), certificates: new Certificates(log) };
}

/** Limits as they are by default. */
export function unbound() {
  return { throttle: new Throttle(ACCESS_LIMITS), fairness: new Fairness() };
}
