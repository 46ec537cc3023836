import { Certificates } from "../../src/access/certificates/identities.ts";
import { Tokens } from "../../src/access/oidc/tokens.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { Keyring } from "../../src/rpc/keyring.ts";

/** What tells callers of a server without any rules. */
export function nobodyKnown(engine: Engine) {
  const log = { info: () => {}, warn: () => {} };
  return { keyring: new Keyring(engine), tokens: new Tokens(log), certificates: new Certificates(log) };
}
