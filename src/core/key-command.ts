/** What can be done with keys; decided in the pool of the keys, but for `disown`. */
import type { Caller } from "./access/caller.ts";
import type { Grant } from "./access/grant.ts";
import type { Micros } from "./model/units.ts";

/** Stores a key. The digest is of its secret, which nothing but its caller knows. */
export interface CreateKey {
  readonly type: "createKey";
  readonly by: Caller;
  readonly id: string;
  readonly label: string;
  readonly grants: readonly Grant[];
  readonly ttl?: Micros;
  readonly digest: string;
  /** Whether there is another way in that allows everything. */
  readonly bootstrap: boolean;
}

/** Gives a key another secret. */
export interface RotateKey {
  readonly type: "rotateKey";
  readonly by: Caller;
  readonly key: string;
  readonly digest: string;
  /** How long the secret that is in use works. */
  readonly overlap: Micros;
  /** Digests of its secrets that somebody has shown, where that is not noted yet. */
  readonly used?: ReadonlySet<string>;
}

export interface RevokeKey {
  readonly type: "revokeKey";
  readonly by: Caller;
  readonly key: string;
  /** Whether there is another way in that allows everything. */
  readonly bootstrap: boolean;
}

/** When a key was used last, and by which of its secrets. */
export interface KeyUse {
  readonly at: Micros;
  readonly digests: ReadonlySet<string>;
}

/** How keys were used, by id. */
export interface UseKeys {
  readonly type: "useKeys";
  readonly used: ReadonlyMap<string, KeyUse>;
}

/** Ends what a principal waits for in a pool, because its key is revoked; `held`: and what it holds. */
export interface Disown {
  readonly type: "disown";
  readonly by: Caller;
  readonly principal: string;
  readonly held: boolean;
}

export type KeyCommand = CreateKey | RotateKey | RevokeKey | UseKeys | Disown;
