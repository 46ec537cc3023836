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
  /** How long the secret before works. */
  readonly overlap: Micros;
}

export interface RevokeKey {
  readonly type: "revokeKey";
  readonly by: Caller;
  readonly key: string;
  /** Whether there is another way in that allows everything. */
  readonly bootstrap: boolean;
}

/** When keys were used last. */
export interface UseKeys {
  readonly type: "useKeys";
  readonly used: ReadonlyMap<string, Micros>;
}

/** Ends what a principal waits for in a pool, because its key is revoked. */
export interface Disown {
  readonly type: "disown";
  readonly by: Caller;
  readonly principal: string;
}

export type KeyCommand = CreateKey | RotateKey | RevokeKey | UseKeys | Disown;
