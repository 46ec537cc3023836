package dev.callme.client;

import dev.callme.v1.Lease;
import java.time.Duration;

/** Lengths of time, as protobuf, java.time and System.nanoTime have them. */
final class Times {
  /** Longer than anything: about 146 years, so that sums with System.nanoTime do not overflow. */
  static final long FOREVER = Long.MAX_VALUE / 2;

  private Times() {}

  static com.google.protobuf.Duration toProto(Duration length) {
    return com.google.protobuf.Duration.newBuilder().setSeconds(length.getSeconds()).setNanos(length.getNano()).build();
  }

  /** In ns. */
  static long nanos(com.google.protobuf.Duration length) {
    return length.getSeconds() * 1_000_000_000 + length.getNanos();
  }

  /** Whether max_hold lets no further Renew extend a lease, by the server's own times: how they relate to our clock doesn't matter. */
  static boolean isCapped(Lease lease) {
    if (!lease.hasGrantedAt() || !lease.hasExpiresAt() || !lease.hasMaxHold()) return false;
    long seconds = lease.getExpiresAt().getSeconds() - lease.getGrantedAt().getSeconds();
    return seconds * 1_000_000_000 + lease.getExpiresAt().getNanos() - lease.getGrantedAt().getNanos() >= nanos(lease.getMaxHold());
  }

  /** How long until a time of System.nanoTime, in ns; negative if it has passed. */
  static long until(long at) {
    return at - System.nanoTime();
  }
}
