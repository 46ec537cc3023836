// Who may do what, written out by hand from docs/contract.md ("Keys and roles"), so that it can be held against what the server does.

/** What a call says of the roles, apart from which of them allow it. */
export type Names =
  /** An environment, or a lease on one: a grant counts whose patterns fit it. */
  | "environment"
  /** What a pool has: a grant counts that is on anything of it. What is told is only what the caller sees. */
  | "pool"
  /** What is of the whole server: a grant counts whose pattern is `*`. */
  | "everything"
  /** Nothing that a pattern could fit, or what is the caller's own: a grant of the role counts, whatever it is on. */
  | "nothing"
  /** Nobody is asked for a key. */
  | "open";

/** `yes`: it is let in; `no`: NOT_ALLOWED; `narrow`: TOKEN_TOO_NARROW; `by-id`: a name never means a cleaner's lease, NAME_THE_LEASE. */
export type Verdict = "yes" | "no" | "narrow" | "by-id" | "NOT_YOURS";

/**
 * A line for each thing that can be asked for. The columns of roles say what a grant of that role allows, on what the line names; `own` is
 * the lease_token of the lease, or on the environment, that it names, `other` the lease_token of another lease, `left` is `own` of a lease
 * whose key was revoked.
 */
const TABLE = `
what                                            | names       | VIEW USE       RESERVE   OPERATE CLEAN     ADMIN     | own    other     left

LockService.Check                               | environment | yes  yes       yes       yes     yes       yes       | yes    narrow    narrow
LockService.Check of a pool                     | pool        | yes  yes       yes       yes     yes       yes       | narrow narrow    narrow
LockService.Acquire                             | environment | no   yes       yes       no      no        yes       | narrow narrow    narrow
LockService.Acquire with not_after              | environment | no   no        yes       no      no        yes       | narrow narrow    narrow
LockService.Acquire with not_before             | environment | no   no        yes       no      no        yes       | narrow narrow    narrow
LockService.Acquire with auto_claim             | environment | no   no        yes       no      no        yes       | narrow narrow    narrow
LockService.Acquire by selector                 | pool        | no   yes       yes       no      no        yes       | narrow narrow    narrow
LockService.Release                             | nothing     | no   yes       yes       no      yes       yes       | yes    NOT_YOURS yes
LockService.Release of another's                | environment | no   NOT_YOURS NOT_YOURS no      NOT_YOURS NOT_YOURS | yes    NOT_YOURS yes
LockService.Release by name                     | nothing     | no   yes       yes       no      by-id     yes       | yes    NOT_YOURS yes
LockService.Renew                               | nothing     | no   yes       yes       no      yes       yes       | yes    NOT_YOURS narrow
LockService.Renew of another's                  | environment | no   NOT_YOURS NOT_YOURS no      NOT_YOURS NOT_YOURS | yes    NOT_YOURS narrow
LockService.Renew with not_after                | nothing     | no   no        yes       no      no        yes       | narrow NOT_YOURS narrow
LockService.GetLease                            | environment | yes  yes       yes       yes     yes       yes       | yes    NOT_YOURS narrow
LockService.CheckFence                          | environment | yes  yes       yes       yes     yes       yes       | yes    narrow    narrow
LockService.WatchEnvironment                    | environment | yes  yes       yes       yes     yes       yes       | yes    narrow    narrow
LockService.WatchEnvironment of a pool          | pool        | yes  yes       yes       yes     yes       yes       | narrow narrow    narrow
LockService.WatchEnvironment of everything      | nothing     | yes  yes       yes       yes     yes       yes       | narrow narrow    narrow
LockService.WatchLease                          | environment | yes  yes       yes       yes     yes       yes       | yes    NOT_YOURS narrow

EnvironmentService.ListEnvironments             | nothing     | yes  yes       yes       yes     yes       yes       | narrow narrow    narrow
EnvironmentService.ListEnvironments of a pool   | pool        | yes  yes       yes       yes     yes       yes       | narrow narrow    narrow
EnvironmentService.GetEnvironment               | environment | yes  yes       yes       yes     yes       yes       | yes    narrow    narrow
EnvironmentService.ApplyEnvironments            | environment | no   no        no        no      no        yes       | narrow narrow    narrow
EnvironmentService.ApplyEnvironments of a pool  | everything  | no   no        no        no      no        yes       | narrow narrow    narrow
EnvironmentService.DeleteEnvironment            | environment | no   no        no        no      no        yes       | narrow narrow    narrow
EnvironmentService.SetEnvironmentState          | environment | no   no        no        yes     no        yes       | narrow narrow    narrow
EnvironmentService.ForceRelease                 | environment | no   no        no        yes     no        yes       | narrow narrow    narrow
EnvironmentService.AcquireForCleaning           | environment | no   no        no        no      yes       yes       | narrow narrow    narrow
EnvironmentService.AcquireForCleaning in a pool | pool        | no   no        no        no      yes       yes       | narrow narrow    narrow
EnvironmentService.ListLeases                   | nothing     | yes  yes       yes       yes     yes       yes       | narrow narrow    narrow
EnvironmentService.ListLeases of a pool         | pool        | yes  yes       yes       yes     yes       yes       | narrow narrow    narrow
EnvironmentService.ListLeases of one            | environment | yes  yes       yes       yes     yes       yes       | narrow narrow    narrow

InsightService.ListEvents                       | nothing     | yes  yes       yes       yes     yes       yes       | narrow narrow    narrow
InsightService.ListEvents of a pool             | pool        | yes  yes       yes       yes     yes       yes       | narrow narrow    narrow
InsightService.ListEvents of one                | environment | yes  yes       yes       yes     yes       yes       | narrow narrow    narrow
InsightService.GetStats                         | nothing     | yes  yes       yes       yes     yes       yes       | narrow narrow    narrow
InsightService.GetStats of a pool               | pool        | yes  yes       yes       yes     yes       yes       | narrow narrow    narrow
InsightService.GetStats of one                  | environment | yes  yes       yes       yes     yes       yes       | narrow narrow    narrow
InsightService.ListNotices                      | everything  | no   no        no        no      no        yes       | narrow narrow    narrow
InsightService.RetryNotice                      | everything  | no   no        no        no      no        yes       | narrow narrow    narrow
InsightService.DropNotices                      | everything  | no   no        no        no      no        yes       | narrow narrow    narrow
InsightService.TestNotices                      | everything  | no   no        no        no      no        yes       | narrow narrow    narrow

AccessService.CreateKey                         | everything  | no   no        no        no      no        yes       | narrow narrow    narrow
AccessService.ListKeys                          | everything  | no   no        no        no      no        yes       | narrow narrow    narrow
AccessService.RotateKey                         | everything  | no   no        no        no      no        yes       | narrow narrow    narrow
AccessService.RevokeKey                         | everything  | no   no        no        no      no        yes       | narrow narrow    narrow
AccessService.WhoAmI                            | nothing     | yes  yes       yes       yes     yes       yes       | yes    yes       narrow

GET /maybe                                      | environment | yes  yes       yes       yes     yes       yes       | narrow narrow    narrow
POST /maybe                                     | environment | no   yes       yes       no      no        yes       | narrow narrow    narrow
DELETE /maybe                                   | environment | no   yes       yes       no      no        yes       | narrow narrow    narrow
GET /watch                                      | environment | yes  yes       yes       yes     yes       yes       | yes    narrow    narrow
GET /watch of a pool                            | pool        | yes  yes       yes       yes     yes       yes       | narrow narrow    narrow

GET /healthz                                    | open        | yes  yes       yes       yes     yes       yes       | yes    yes       yes
GET /readyz                                     | open        | yes  yes       yes       yes     yes       yes       | yes    yes       yes
GET /openapi.json                               | open        | yes  yes       yes       yes     yes       yes       | yes    yes       yes
Health.Check                                    | open        | yes  yes       yes       yes     yes       yes       | yes    yes       yes
ServerReflection of v1                          | open        | yes  yes       yes       yes     yes       yes       | yes    yes       yes
ServerReflection of v1alpha                     | open        | yes  yes       yes       yes     yes       yes       | yes    yes       yes
`;

/** A line of the table. */
export interface Line {
  readonly what: string;
  readonly names: Names;
  /** By the role, or the kind of lease_token. */
  readonly verdicts: Readonly<Record<string, Verdict>>;
}

/** The table's lines, and the names of its columns of roles. */
export const [ROLES, LINES] = read(TABLE);

function read(table: string): [roles: readonly string[], lines: readonly Line[]] {
  const cells = table
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.split("|").map((part) => part.trim().split(/\s+/)));
  const [[, , roles = [], tokens = []] = [], ...rest] = cells;
  const lines = rest.map(([what = [], names = [], byRole = [], byToken = []]) => ({
    what: what.join(" "),
    names: names[0] as Names,
    verdicts: Object.fromEntries([...roles, ...tokens].map((column, index) => [column, [...byRole, ...byToken][index] as Verdict])),
  }));
  return [roles, lines];
}
