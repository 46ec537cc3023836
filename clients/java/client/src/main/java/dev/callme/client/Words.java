package dev.callme.client;

import dev.callme.v1.EndReason;
import dev.callme.v1.EndedBy;
import dev.callme.v1.Lease;
import io.grpc.Status;

/** What people read. */
final class Words {
  private Words() {}

  /** How a lease ended, and who ended it if somebody did. */
  static String ending(Lease lease) {
    String why = wordsFor(lease.getEndReason());
    String who = nameOf(lease.getEndedBy());
    String by = who.isEmpty() ? why : why + " by " + who;
    return lease.getEndNote().isEmpty() ? by : by + ": " + lease.getEndNote();
  }

  /** Empty: it has not ended, or nobody knows. */
  static String nameOf(EndReason reason) {
    return reason == EndReason.END_REASON_UNSPECIFIED ? "" : reason.name().replaceFirst("^END_REASON_", "");
  }

  /** What the error of a call says. */
  static String of(Throwable error) {
    Status status = Status.fromThrowable(error);
    return status.getDescription() == null ? status.getCode().name() : status.getDescription();
  }

  private static String wordsFor(EndReason reason) {
    if (reason == EndReason.UNRECOGNIZED) return "for a reason that this client does not know";
    return reason == EndReason.END_REASON_UNSPECIFIED ? "the server is out of reach" : nameOf(reason);
  }

  /** Who the server knows somebody to be: the label, if there is one, and the principal, which nobody else can have. */
  static String knownAs(EndedBy who) {
    String label = who.getPrincipalLabel();
    return label.isEmpty() ? who.getPrincipal() : label + " (" + who.getPrincipal() + ")";
  }

  private static String nameOf(EndedBy who) {
    String holder = who.getHolder().getName();
    if (holder.isEmpty()) return knownAs(who);
    if (who.getPrincipal().isEmpty()) return holder;
    String label = who.getPrincipalLabel().isEmpty() ? "" : who.getPrincipalLabel() + ", ";
    return holder + " (" + label + who.getPrincipal() + ")";
  }
}
