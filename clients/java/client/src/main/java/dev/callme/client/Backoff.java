package dev.callme.client;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/** Pauses of 0.1 s to 2 s that double from try to try, jittered so that clients of a restarted server do not come all at once. */
final class Backoff {
  private static final long FIRST = Duration.ofMillis(200).toNanos();
  private static final long LAST = Duration.ofSeconds(2).toNanos();

  private long longest = FIRST;

  /** The next pause, in ns. */
  long next() {
    long pause = ThreadLocalRandom.current().nextLong(longest / 2, longest);
    longest = Math.min(LAST, longest * 2);
    return pause;
  }

  /** The same after this error, at least as long as that says. */
  long after(Throwable error) {
    return Math.max(next(), error == null ? 0 : Verdict.delayOf(error));
  }

  /** It has gone well since a time of System.nanoTime. Only after a good while is the next pause a short one again: a proxy may cut each stream at once. */
  void lastedSince(long begun) {
    if (-Times.until(begun) > LAST) longest = FIRST;
  }
}
