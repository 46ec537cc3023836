package dev.callme.client;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/** How often a server is asked. */
class BackoffTest {
  private static final long SECOND = Duration.ofSeconds(1).toNanos();

  @Test
  void onlyWhatWentWellForAWhileMakesTheNextPauseShort() {
    Backoff backoff = new Backoff();
    for (int cut = 0; cut < 6; cut++) {
      backoff.next();
      backoff.lastedSince(System.nanoTime() - SECOND);
    }
    assertTrue(backoff.next() >= SECOND, "streams that are cut at once make the pauses no shorter");
    backoff.lastedSince(System.nanoTime() - 6 * SECOND);
    assertTrue(backoff.next() < SECOND / 5);
  }
}
