/** Whom client certificates let in: a connection's certificate is judged once, until the rules change. */
import { isDeepStrictEqual } from "node:util";
import { Rights } from "../../core/access/rights.ts";
import type { Micros } from "../../core/model/units.ts";
import type { Identity } from "../identity.ts";
import { SparingLog } from "../sparing.ts";
import { Tenure } from "../tenure.ts";
import type { ClientCertificate } from "./certificate.ts";
import { type CertificateRule, certified } from "./rule.ts";

/** By certificate: whoever it lets in, or nobody. */
type Known = WeakMap<ClientCertificate, { readonly identity: Identity | undefined }>;

export class Certificates {
  readonly #log: SparingLog;
  #rules: readonly CertificateRule[] = [];
  #rights: readonly Rights[] = [];
  #known: Known = new WeakMap();
  #tenure = new Tenure();

  constructor(log: { warn(facts: object, text: string): void }) {
    this.#log = new SparingLog((facts, text) => log.warn(facts, text));
  }

  /** Lets in by these rules from now on, and by no others: whoever was let in by older ones is nobody from here on. */
  trust(rules: readonly CertificateRule[]): void {
    if (isDeepStrictEqual(rules, this.#rules)) return;
    this.#rules = rules;
    this.#rights = rules.map(({ grants }) => new Rights(grants));
    this.#known = new WeakMap();
    this.#tenure.end();
    this.#tenure = new Tenure();
  }

  /** Whether a certificate can let anybody in. */
  get trusts(): boolean {
    return this.#rules.length > 0;
  }

  /** Whom it lets in; undefined: nobody, and the log says why. `storeNow` is the store's time, by which the identity ends with it. */
  identify(certificate: ClientCertificate, storeNow: Micros): Identity | undefined {
    const now = Date.now();
    const known = this.#known.get(certificate);
    if (known !== undefined && (known.identity === undefined || now < certificate.until)) return known.identity;
    const found = certified(certificate, this.#rules, now);
    const identity = "why" in found ? undefined : this.#identityOf(found, storeNow + (certificate.until - now) * 1_000);
    const names = certificate.names.map(({ kind, value }) => `${kind} ${value}`);
    if ("why" in found) this.#log.write({ why: found.why, names }, "a client certificate is refused", "certificates");
    this.#known.set(certificate, { identity });
    return identity;
  }

  #identityOf({ rule, name }: { readonly rule: CertificateRule; readonly name: string }, expiresAt: Micros): Identity {
    const rights = this.#rights[this.#rules.indexOf(rule)] ?? new Rights(rule.grants);
    return { principal: `cert:${rule.name}:${name}`, label: name, kind: "CERTIFICATE", rights, expiresAt, tenure: this.#tenure };
  }
}
