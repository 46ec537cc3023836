/** What operators set for a whole pool; Apply replaces it whole. A pool that has never been named by one has none. */
export interface PoolConfig {
  /** How many leases may wait in it; without: as many as limits.ts lets. */
  readonly maxQueue?: number;
  /** Whether an Acquire of an unknown name makes an environment in it; without: as the server is set. */
  readonly autoCreate?: boolean;
}

/** The configuration of a pool as it is stored; none: it has lost it. */
export interface PoolSetting {
  readonly pool: string;
  readonly config: PoolConfig | undefined;
}

/** Whether an Acquire of an unknown name makes an environment in the pool. `server`: CALL_ME_AUTO_CREATE. */
export function makesOnDemand(pool: { readonly config?: PoolConfig }, server: boolean): boolean {
  return pool.config?.autoCreate ?? server;
}
