package dev.callme.client;

import com.google.rpc.ErrorInfo;
import dev.callme.v1.Lease;
import java.util.List;
import java.util.Optional;

/** The lease ended before it was held, or the server refused it. */
public final class NotAcquiredException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String reason;
  private final String holders;
  /** As it was last seen; null: there is none. */
  private final Lease lease;

  private NotAcquiredException(String why, String reason, String holders, Lease lease, Throwable cause) {
    super("not acquired: " + why, cause);
    this.reason = reason;
    this.holders = holders;
    this.lease = lease;
  }

  /** Of a lease that will not be held; the cause is null where it has ended. */
  static NotAcquiredException of(Lease lease, Throwable cause) {
    return new NotAcquiredException(Words.ending(lease), Words.nameOf(lease.getEndReason()), "", lease, cause);
  }

  /** Of a lease that was granted without all that the server should give with it. */
  static NotAcquiredException lacking(Lease lease, List<String> missing) {
    String why = "the server has no value for " + String.join(", ", missing) + "; its operator has to set it there";
    return new NotAcquiredException(why, "MISSING_VARIABLES", "", Given.without(lease), null);
  }

  /** Of a call that the server refused for good; empty if the error says anything else. */
  static Optional<NotAcquiredException> of(Throwable error) {
    return ErrorReason.infoOf(error)
        .filter(info -> Verdict.isFinal(info.getReason()))
        .map(info -> refused(info, error));
  }

  private static NotAcquiredException refused(ErrorInfo info, Throwable error) {
    return new NotAcquiredException(Words.of(error), info.getReason(), info.getMetadataOrDefault("holders", ""), null, error);
  }

  /**
   * Why, in a word: the name of the lease's end, such as {@code TIMED_OUT} or {@code UNSATISFIABLE}; where the server refused it, {@code
   * ENVIRONMENT_BUSY}, {@code QUEUE_FULL}, {@code QUOTA_REACHED} or {@code UNSATISFIABLE}; where it lacks what the environment should give, {@code MISSING_VARIABLES}. Empty: the server was out of reach when {@code queue_timeout} had passed.
   */
  public String reason() {
    return reason;
  }

  /** With {@code ENVIRONMENT_BUSY} and {@code QUEUE_FULL} who is on it, in the server's words. */
  public String holders() {
    return holders;
  }

  /** The lease as it was last seen; {@code getEndNote()} tells people more. Empty: the server refused to store one. */
  public Optional<Lease> lease() {
    return Optional.ofNullable(lease);
  }
}
