package dev.callme.client;

/**
 * What runs while a lease is held.
 *
 * @param <X> what it throws
 */
@FunctionalInterface
public interface LeaseAction<X extends Exception> {
  /** Runs on the thread that holds. When that thread is interrupted it must stop. */
  void run(HeldLease lease) throws X;
}
