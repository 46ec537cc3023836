package dev.callme.client;

import dev.callme.v1.EndReason;
import dev.callme.v1.Lease;

/** What people read. */
final class Words {
  private Words() {}

  /** How a lease ended. */
  static String ending(Lease lease) {
    String why = lease.getEndReason() == EndReason.END_REASON_UNSPECIFIED ? "the server is out of reach" : nameOf(lease.getEndReason());
    return lease.getEndNote().isEmpty() ? why : why + ": " + lease.getEndNote();
  }

  private static String nameOf(EndReason reason) {
    return reason == EndReason.UNRECOGNIZED ? "for a reason that this client does not know" : reason.name().substring("END_REASON_".length());
  }
}
