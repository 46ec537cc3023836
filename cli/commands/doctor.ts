import { ClientCommand } from "../base.ts";
import { Command, Option } from "../clipanion.ts";
import { key, lasting, stream } from "../doctor/calls.ts";
import { type Check, type Finding, fail, type Patient, rootOf, skip } from "../doctor/finding.ts";
import { http2 } from "../doctor/http2.ts";
import { certificate, clock, dns, reachable, ready, version } from "../doctor/network.ts";
import { EXIT } from "../exit.ts";
import { nanoseconds, parseDuration } from "../words/duration.ts";
import { plainJson } from "../words/plain.ts";

/** In this order. */
const CHECKS: Readonly<Record<string, Check>> = { dns, tls: certificate, reach: reachable, ready, version, key, http2, stream, clock };
/** Without these no other could succeed. */
const VITAL = ["dns", "tls", "reach"];
/** Nor these without a key that is accepted. */
const WITH_KEY = ["stream", "long"];
const UNASKED: Check = async () => skip("whether a call may last for minutes; --long 65s holds one open for so long");

interface Named extends Finding {
  readonly check: string;
}

/** `call-me doctor`: what stands between this machine and the server, and what to do about it. */
export class DoctorCommand extends ClientCommand {
  static override paths = [["doctor"]];
  static override usage = Command.Usage({
    description: "Find out what stands between this machine and the server",
    details: `
      Looks at the address, the certificate, the key, the server's version, HTTP/2, streams and the clocks, and says what to do about what is
      wrong, and what it did not look at (skip). Takes nothing and creates nothing. Exit code 0: it works, perhaps with warnings. 1: something
      fails. 3: a setting is wrong.
    `,
    examples: [
      ["Look at what CALL_ME_URL and CALL_ME_API_KEY name", "$0 doctor"],
      ["Does a proxy cut calls that last longer than a minute?", "$0 doctor --long 65s"],
    ],
  });

  long = Option.String("--long", { description: "Also hold a call open for so long, such as 65s" });

  protected async perform(): Promise<number> {
    const long = this.long === undefined ? undefined : Number(nanoseconds(parseDuration("--long", this.long))) / 1e6;
    const { locks, environments, access, url, tls, key, tokens, advice } = await this.connect();
    this.output.word(`examining ${url}`);
    const { patience } = this.context.pace;
    const patient: Patient = {
      ...{ url: new URL(url), tls, locks, environments, access, tokens: key === undefined ? tokens : undefined, advice },
      ...{ patience, interruption: this.interruption },
    };
    const findings = await this.examine(patient, { ...CHECKS, long: long === undefined ? UNASKED : lasting(long) });
    if (this.json) this.output.raw(plainJson(JSON.stringify(findings, null, 2)));
    return findings.some(({ verdict }) => verdict === "fail") ? EXIT.error : EXIT.done;
  }

  private async examine(patient: Patient, checks: Readonly<Record<string, Check>>): Promise<Named[]> {
    const findings: Named[] = [];
    for (const [check, look] of Object.entries(checks)) {
      const obstacle = findings.find((one) => one.verdict === "fail" && makesNeedless(one.check, check));
      const finding =
        obstacle !== undefined
          ? skip(`${obstacle.check} failed`)
          : await look(patient).catch((error) => fail(rootOf(error), "the server or something before it breaks calls: see their logs"));
      this.interruption.throwIfAborted();
      findings.push({ check, ...finding });
      const { verdict, detail, remedy } = finding;
      if (!this.json) this.output.data(`${verdict.padEnd(4)}  ${check.padEnd(7)}  ${detail}${remedy === "" ? "" : `. Remedy: ${remedy}`}`);
    }
    return findings;
  }
}

/** Whether another check could only say the same again, once this one has failed. */
function makesNeedless(failed: string, other: string): boolean {
  return VITAL.includes(failed) || (failed === "key" && WITH_KEY.includes(other));
}
