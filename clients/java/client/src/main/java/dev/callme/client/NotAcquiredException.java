package dev.callme.client;

import dev.callme.v1.EndReason;
import dev.callme.v1.Lease;

/** The lease ended before it was held. */
public final class NotAcquiredException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** As it was last seen. */
  private final Lease lease;

  NotAcquiredException(Lease lease) {
    super("not acquired: " + Words.ending(lease));
    this.lease = lease;
  }

  /** The lease as it was last seen; {@code getEndNote()} tells people more. */
  public Lease lease() {
    return lease;
  }

  /** Why it ended; UNSPECIFIED: the server was out of reach when {@code queue_timeout} had passed. */
  public EndReason endReason() {
    return lease.getEndReason();
  }
}
