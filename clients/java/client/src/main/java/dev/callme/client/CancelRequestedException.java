package dev.callme.client;

import dev.callme.v1.CancelRequest;
import dev.callme.v1.EndedBy;
import java.time.Instant;
import java.util.Optional;

/**
 * The holder was asked to stop, for a newer request with its {@link HoldOptions.Builder#supersedeKey}: the work is interrupted. The lease is kept
 * until it is closed, or the deadline has passed.
 */
public final class CancelRequestedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Which. */
  private final String leaseId;
  /** As the server tells it. */
  private final CancelRequest request;

  CancelRequestedException(String leaseId, CancelRequest request, Throwable cause) {
    super("asked to stop by " + nameOf(request.getBy()) + ": " + request.getReason(), cause);
    this.leaseId = leaseId;
    this.request = request;
  }

  /** The id of the lease that is to be given back. */
  public String leaseId() {
    return leaseId;
  }

  /** Who asks: the principal, holder and lease of the newer request. */
  public EndedBy by() {
    return request.getBy();
  }

  /** Why, in words. */
  public String reason() {
    return request.getReason();
  }

  /** When the lease ends at the latest; empty if nobody has said. */
  public Optional<Instant> deadline() {
    if (!request.hasDeadline()) return Optional.empty();
    return Optional.of(Instant.ofEpochSecond(request.getDeadline().getSeconds(), request.getDeadline().getNanos()));
  }

  private static String nameOf(EndedBy who) {
    return who.getHolder().getName().isEmpty() ? Words.knownAs(who) : who.getHolder().getName();
  }
}
