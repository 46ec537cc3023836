package dev.callme.client;

import dev.callme.v1.EndReason;

/** Why a lease was lost. An exception is made of it by whoever throws, so that the stack trace is his, and none is suppressed in itself. */
final class Loss {
  private final String why;
  private final EndReason endReason;

  Loss(String why, EndReason endReason) {
    this.why = why;
    this.endReason = endReason;
  }

  String why() {
    return why;
  }

  /** UNSPECIFIED: unknown. */
  EndReason endReason() {
    return endReason;
  }
}
