/** What is thought of a token. */
import type { Rights } from "../../core/access/rights.ts";
import type { Tenure } from "../tenure.ts";
import type { Proven } from "./providers.ts";
import type { Mode } from "./rule.ts";

/** A token that a rule lets in or, in audit mode, would let in. */
export interface Admitted {
  readonly kind: "admitted";
  readonly rule: string;
  readonly mode: Mode;
  /** `oidc:<rule>:<what tells the caller from others>`. */
  readonly principal: string;
  /** For people; empty if the token has nothing to show. */
  readonly label: string;
  readonly rights: Rights;
  /** Ends when the rule is gone, or is another one. */
  readonly tenure: Tenure;
  /** What stands in the record of what the caller did. */
  readonly claims: Readonly<Record<string, string>>;
  /** What it proves of the holder of its caller's leases. */
  readonly proven: Proven;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  /** The same with what clocks may differ by. */
  readonly usableUntil: number;
}

/** What is wrong with a token; only of one whose signature is good is it what it says. */
export type Fault = "form" | "issuer" | "key" | "signature" | "claims";

export type Verdict =
  | Admitted
  /** All but the kind is for the log. */
  | { readonly kind: "refused"; readonly fault: Fault; readonly why: string; readonly claims: Readonly<Record<string, string>> }
  /** It could not be judged: worth another try. */
  | { readonly kind: "unsure"; readonly why: string };
