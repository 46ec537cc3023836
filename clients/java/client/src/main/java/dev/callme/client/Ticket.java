package dev.callme.client;

import java.util.Objects;

/**
 * A place in line, or a grant, that no process keeps: what {@link CallMe#detach} gives and {@link CallMe#pickUp} takes. Hand its three texts on
 * in whatever form you like; {@code toString} does not show the token.
 */
public final class Ticket {
  private final String leaseId;
  private final String leaseToken;
  private final String requestId;

  /**
   * A ticket that was handed on.
   *
   * @throws IllegalArgumentException if the lease's id or token is empty
   */
  public Ticket(String leaseId, String leaseToken, String requestId) {
    this.leaseId = Objects.requireNonNull(leaseId, "leaseId");
    this.leaseToken = Objects.requireNonNull(leaseToken, "leaseToken");
    this.requestId = Objects.requireNonNull(requestId, "requestId");
    if (leaseId.isEmpty() || leaseToken.isEmpty()) {
      throw new IllegalArgumentException("a ticket has a lease id and a token, as detach gave them; without them hold with its requestId");
    }
  }

  /** The id of the lease. */
  public String leaseId() {
    return leaseId;
  }

  /** Opens the lease: keep it out of logs. */
  public String leaseToken() {
    return leaseToken;
  }

  /** For who has lost the token: {@code hold} with this one, and all else that {@code detach} was given, finds the same lease. */
  public String requestId() {
    return requestId;
  }

  @Override
  public String toString() {
    return "Ticket{" + leaseId + "}";
  }
}
