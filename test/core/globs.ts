// What patterns of names mean, wherever they are read.

/** A glob, a name, and whether it fits. */
export const GLOBS: readonly (readonly [glob: string, name: string, fits: boolean])[] = [
  ["uat", "uat", true],
  ["uat", "uat-2", false],
  ["uat", "UAT", false],
  ["", "", true],
  ["", "uat", false],
  ["*", "team/uat", true],
  ["*", "", true],
  ["uat-*", "uat-", true],
  ["uat-*", "uat-eu-1", true],
  ["uat-*", "uat-eu/1", false],
  ["*-eu", "uat-eu", true],
  ["*-eu", "team/uat-eu", false],
  ["team/*", "team/uat", true],
  ["team/*", "team-evil/uat", false],
  ["team/*", "team/", true],
  ["team/*", "team/uat/1", false],
  ["*/uat", "team/uat", true],
  ["*/*", "team/uat", true],
  ["*/*", "uat", false],
  ["a*b*c", "abxbc", true],
  ["a*b*c", "ab/bc", false],
  ["uat-?", "uat-1", true],
  ["uat-?", "uat-", false],
  ["uat-?", "uat-/", false],
  ["a?c/*", "abc/d", true],
  ["u.t", "uat", false],
  ["[u]at", "uat", false],
];

/** A pattern of a grant, a pool, an environment in it, and whether it is meant. */
export const PATTERNS: readonly (readonly [pattern: string, pool: string, environment: string, fits: boolean])[] = [
  ["uat", "any", "uat", true],
  ["*", "any", "deep/uat", true],
  ["boards:uat", "boards", "uat", true],
  ["boards:uat", "default", "uat", false],
  ["team-*:*", "team-a", "deep/uat", true],
  ["team-*:*", "team/a", "uat", false],
  ["team-?:uat", "team-a", "uat", true],
  ["*:uat", "a/b", "uat", true],
  ["*:u*", "a/b", "u/at", false],
  ["*:*", "a/b", "u/at", true],
];
