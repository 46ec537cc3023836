package dev.callme.client;

import dev.callme.v1.EndReason;

/** Why a lease was lost. An exception is made of it by whoever throws, so that the stack trace is his, and none is suppressed in itself. */
final class Loss {
  private final String why;
  private final EndReason endReason;
  private final boolean givenBack;

  Loss(String why, EndReason endReason) {
    this(why, endReason, false);
  }

  /** `byItsToken`: who ended it had the lease's own token. */
  Loss(String why, EndReason endReason, boolean byItsToken) {
    this.why = why;
    this.endReason = endReason;
    this.givenBack = byItsToken && endReason == EndReason.END_REASON_RELEASED;
  }

  /** It was released with its own token, for example by the body before its last steps. */
  boolean givenBack() {
    return givenBack;
  }

  String why() {
    return why;
  }

  /** UNSPECIFIED: unknown. */
  EndReason endReason() {
    return endReason;
  }
}
