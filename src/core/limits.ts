const second = 1_000_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** Every bound on what is stored, and every default of a request. Durations in microseconds. What bounds a connection is in src/rpc/http/door. */
export const limits = {
  /** ttl and max_hold. */
  minTtl: second,
  maxTtl: 30 * day,
  defaultTtl: hour,
  defaultMaxHold: 4 * hour,
  ticketTtl: { min: second, max: 24 * hour, default: minute },
  /** `afterStart`: at least so long in the first minute after a start. */
  claimTimeout: { min: second, max: hour, default: 5 * second, afterStart: 30 * second },
  /** The longest that one call may wait in line. */
  wait: minute,
  /** How much longer one with FAIL is left in line if its call, which should end the waiting, does not. */
  waitSlack: second,
  queueTimeout: { min: 1_000, max: 30 * day },
  /** How far ahead a reservation can begin. */
  ahead: 30 * day,
  /** By how much the callers' clocks may be ahead of the server's, which stands still where it stalls: the longest time is still taken. */
  clockLag: minute,
  lockDelay: { max: hour, default: 10 * second },
  cooldown: { max: day },
  /** How long cleaning may take, over all tries. */
  cleaning: { min: second, max: 30 * day, default: hour },
  /** After how many failures in a row an environment can be put aside, at most. */
  quarantineAfter: 1_000,
  /** How long a holder who is asked to stop has for it, if the lease lasts so long. */
  cancelGrace: minute,
  /** What every live timed lease has left after a start, at most. */
  startGrace: minute,
  /** How long an environment that was made on demand is kept when nobody uses it; and so much longer if somebody has told facts of it. */
  idle: hour,
  idleWithFacts: 30 * day,
  /** How long an ended lease answers for its id and request_id. */
  history: day,
  maxHistory: 1_000_000,
  /** Of how many of these, the newest, the server knows without reading its store. */
  recentEnds: 5_000,
  /** Among how many live leases a list looks in memory; among more it is the store that looks. */
  listed: 20_000,
  /** Of how many more it is known that their request_id was used. */
  maxRequests: 10_000_000,
  priority: 10,
  /** What one step of priority is worth in waiting. */
  priorityStep: 10 * minute,
  /** Environments of a request. */
  needs: 32,
  /** A selector: its length in characters, its requirements, and the values of each. */
  selector: { text: 2_048, requirements: 16, values: 64 },
  capacity: 10_000,
  text: 512,
  /** How many occupants, environments or ids an answer names. */
  named: 10,
  name: 128,
  tags: 16,
  labels: 32,
  /** Of all grants of a caller together, and the characters of each. */
  patterns: { count: 32, text: 64 },
  /** Stored, those included that opened nothing any more: the oldest of these go where there is no room. */
  keys: 10_000,
  keyTtl: { min: minute, max: 3_650 * day },
  /** How long the secret before the present one works. */
  overlap: { min: 0, max: 30 * day, default: day },
  /** Of an environment, and of one call: how many, and the characters of a name and a text. */
  facts: { count: 16, name: 64, value: 256 },
  /** Of an environment or a slot: how many, and the characters of a name, a text and the name of the server's own variable. */
  variables: { count: 64, name: 64, value: 4_096, fromEnv: 128 },
  /** Characters of all variables of an environment and their names, those of its slots included. */
  variablesOfEnvironment: 64 * 1024,
  /** Per pool, and over all pools. */
  environments: { pool: 10_000, total: 50_000 },
  waiters: { pool: 20_000, total: 100_000 },
  leases: { pool: 100_000, total: 500_000 },
  /** Different ones that are waited for by one label of a pool: a change of an environment that bears it is held against each. */
  selectors: 1_000,
  pools: 1_000,
  /** Pools without an environment whose revisions are remembered. */
  formerPools: 10_000,
  watchers: { pool: 20_000, total: 50_000 },
  /** Commands decided in one transaction, and those that may wait for one: beyond it a caller is refused. */
  batch: 1_000,
  waiting: 20_000,
  /** Questions to the history that may wait for one another. */
  questions: 100,
  /** The newest events of a pool that a watch can resume over; no older than `history`. */
  log: 10_000,
  /** And in bytes, as they are stored; between two trims up to twice as many. */
  logBytes: 32 * 1024 * 1024,
  /** How far back the history goes in days, and how many events it has at least, if there were so many meanwhile. */
  /** The window of statistics. */
  window: { min: second, max: 3_650 * day, default: 7 * day },
  /** Keys that statistics are told of: as many as there can be environments. */
  statsRows: 50_000,
  archive: { days: { min: 1, max: 3_650, default: 90 }, events: { min: 1_000, max: 100_000_000, default: 5_000_000 } },
  /** Environments that have series of their own in /metrics. */
  metrics: { min: 0, max: 10_000, default: 200 },
  /** Notices that wait for one receiver, for those whom leases have named, and for all; beyond it the oldest are given up, and so many of these kept. */
  notices: { receiver: 50_000, named: 10_000, total: 500_000, dead: 10_000 },
  /** The newest events of a pool that are in memory: in number, and in bytes per pool and over all pools. */
  recent: { events: 1_024, bytes: 4 * 1024 * 1024, total: 64 * 1024 * 1024 },
  /** Older ones are read in windows of so many events, so many reads at once, and shared while somebody resumes up to so many bytes. */
  resume: { window: 128, reads: 2, bytes: 32 * 1024 * 1024 },
} as const;
