package dev.callme.client;

import com.google.protobuf.Timestamp;
import dev.callme.v1.Lease;
import java.time.Duration;
import java.time.Instant;

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

  /** Whether max_hold or not_after lets no further Renew extend it, by the server's own times: how they relate to our clock doesn't matter. */
  static boolean isCapped(Lease lease) {
    if (lease.hasNotAfter() && lease.hasExpiresAt() && nanosBetween(lease.getNotAfter(), lease.getExpiresAt()) >= 0) return true;
    if (!lease.hasGrantedAt() || !lease.hasExpiresAt() || !lease.hasMaxHold()) return false;
    return nanosBetween(lease.getGrantedAt(), lease.getExpiresAt()) >= nanos(lease.getMaxHold());
  }

  /** How long a lease waits in line at most from when it was asked for, in ns: its queue_timeout runs from its not_before. */
  static long longestWait(Lease lease) {
    if (!lease.hasQueueTimeout()) return FOREVER;
    long later = lease.hasNotBefore() && lease.hasCreatedAt() ? nanosBetween(lease.getCreatedAt(), lease.getNotBefore()) : 0;
    return nanos(lease.getQueueTimeout()) + Math.max(0, later);
  }

  static Timestamp toProto(Instant time) {
    return Timestamp.newBuilder().setSeconds(time.getEpochSecond()).setNanos(time.getNano()).build();
  }

  private static long nanosBetween(Timestamp from, Timestamp to) {
    return (to.getSeconds() - from.getSeconds()) * 1_000_000_000 + to.getNanos() - from.getNanos();
  }

  /** How long until a time of System.nanoTime, in ns; negative if it has passed. */
  static long until(long at) {
    return at - System.nanoTime();
  }
}
