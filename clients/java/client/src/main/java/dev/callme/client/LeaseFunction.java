package dev.callme.client;

/**
 * What runs while a lease is held, and has a result.
 *
 * @param <T> its result
 * @param <X> what it throws
 */
@FunctionalInterface
public interface LeaseFunction<T, X extends Exception> {
  /** Runs on the thread that holds. When that thread is interrupted it must stop. */
  T apply(HeldLease lease) throws X;
}
