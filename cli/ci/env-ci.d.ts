declare module "env-ci" {
  /** What env-ci tells of a CI system; which of it depends on the system. */
  interface Told {
    readonly buildUrl?: string;
    readonly build?: string;
    readonly slug?: string;
    readonly branch?: string;
    readonly prBranch?: string;
    readonly tag?: string;
    readonly commit?: string;
    readonly job?: string | undefined;
    readonly jobUrl?: string;
  }
  export default function envCi(options: { env: Readonly<Record<string, string | undefined>>; cwd: string }): Told;
}
