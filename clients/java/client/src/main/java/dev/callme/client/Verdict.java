package dev.callme.client;

import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import dev.callme.v1.EndReason;
import dev.callme.v1.Lease;
import dev.callme.v1.LeaseState;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/** What an error means for a lease. */
final class Verdict {
  /** Whoever is told to stay away for longer looks again after this. */
  private static final Duration LONGEST_DELAY = Duration.ofSeconds(30);
  private static final Set<String> FINAL = new HashSet<>(Arrays.asList("ENVIRONMENT_BUSY", "QUEUE_FULL", "QUOTA_REACHED", "UNSATISFIABLE"));

  private Verdict() {}

  /** Whether the same call may succeed later: the server is away, draining, full or cut off, and gave no verdict. */
  static boolean isTransient(Throwable error) {
    if (!(error instanceof StatusRuntimeException) || ErrorReason.of(error).filter(Verdict::isFinal).isPresent()) return false;
    switch (((StatusRuntimeException) error).getStatus().getCode()) {
      case UNAVAILABLE:
      case DEADLINE_EXCEEDED:
      case ABORTED:
      case CANCELLED:
        return true;
      case RESOURCE_EXHAUSTED:
        // A limit, or too much to do; without a RetryInfo it is the request itself that is too large.
        return ErrorReason.detailOf(error, RetryInfo.class).isPresent();
      case UNKNOWN:
      case INTERNAL:
      case DATA_LOSS:
        // What gRPC says of an answer that was cut in the middle, or came from something else than our server; a verdict names its reason.
        return ErrorReason.of(error).isEmpty();
      default:
        return false;
    }
  }

  /** How long to wait at least before the next try, in ns, where the server counts tries and has said so (RATE_LIMITED); else 0. */
  static long delayOf(Throwable error) {
    if (!ErrorReason.of(error).filter("RATE_LIMITED"::equals).isPresent()) return 0;
    return ErrorReason.detailOf(error, RetryInfo.class)
        .map(info -> Duration.ofSeconds(info.getRetryDelay().getSeconds(), info.getRetryDelay().getNanos()))
        .map(delay -> Math.min(LONGEST_DELAY.toNanos(), delay.toNanos()))
        .orElse(0L);
  }

  /** Whether a reason is the answer to what was asked, whatever its code: whoever asks again waits, and was told not to. */
  static boolean isFinal(String reason) {
    return FINAL.contains(reason);
  }

  /**
   * The loss that the server tells of by showing a lease; empty while it is held as it was. A server that did not learn that its grant had
   * arrived takes it back. The next grant is another one: others may have been served.
   */
  static Optional<Loss> lossIn(Lease now, long fencingToken) {
    if (now.getState() == LeaseState.LEASE_STATE_ENDED) {
      boolean byItsToken = !now.hasEndedBy() || now.getEndedBy().getLeaseId().equals(now.getId());
      return Optional.of(new Loss(Words.ending(now), now.getEndReason(), byItsToken));
    }
    if (now.getState() != LeaseState.LEASE_STATE_HELD) return Optional.of(takenBack("and stands in line again"));
    long token = fencingTokenOf(now);
    if (token == fencingToken) return Optional.empty();
    String tokens = Long.toUnsignedString(token) + " instead of " + Long.toUnsignedString(fencingToken);
    return Optional.of(takenBack("and granted anew with another fencing token: " + tokens));
  }

  /** That of its grant, the same on all its environments. */
  static long fencingTokenOf(Lease lease) {
    return lease.getEnvironmentsCount() == 0 ? 0 : lease.getEnvironments(0).getFencingToken();
  }

  private static Loss takenBack(String since) {
    return new Loss("it was taken back, " + since, EndReason.END_REASON_UNSPECIFIED);
  }

  /** The loss that the server tells of: the lease has ended, or it knows of none. Empty: it says no such thing. */
  static Optional<Loss> lossIn(Throwable error) {
    return ErrorReason.infoOf(error).flatMap(info -> lossIn(info, Status.fromThrowable(error).getDescription()));
  }

  private static Optional<Loss> lossIn(ErrorInfo info, String why) {
    switch (info.getReason()) {
      case "LEASE_NOT_FOUND":
        return Optional.of(new Loss(why, EndReason.END_REASON_UNSPECIFIED));
      case "LEASE_ENDED":
        String lease = info.getMetadataOrDefault("lease_id", "");
        boolean byItsToken = info.getMetadataOrDefault("ended_by_lease", lease).equals(lease);
        return Optional.of(new Loss(why, reasonNamed(info.getMetadataOrDefault("end_reason", "")), byItsToken));
      default:
        return Optional.empty();
    }
  }

  private static EndReason reasonNamed(String name) {
    try {
      return EndReason.valueOf("END_REASON_" + name);
    } catch (IllegalArgumentException fromANewerServer) {
      return EndReason.END_REASON_UNSPECIFIED;
    }
  }
}
