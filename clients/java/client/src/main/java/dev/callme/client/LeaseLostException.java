package dev.callme.client;

import dev.callme.v1.EndReason;

/** The lease is over, or may be over any moment: whatever was done last may have met a successor. */
public final class LeaseLostException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Which. */
  private final String leaseId;
  /** Why, as the server knows it. */
  private final EndReason endReason;

  LeaseLostException(String leaseId, Loss loss) {
    super("lease lost: " + loss.why());
    this.leaseId = leaseId;
    this.endReason = loss.endReason();
  }

  /** The id of the lease. */
  public String leaseId() {
    return leaseId;
  }

  /** Why it ended; UNSPECIFIED: it was taken back, or nobody knows yet, since the server is out of reach or {@code max_hold} is about to end it. */
  public EndReason endReason() {
    return endReason;
  }
}
