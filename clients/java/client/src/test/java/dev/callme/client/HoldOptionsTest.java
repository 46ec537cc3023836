package dev.callme.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.callme.v1.IfBusy;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** What is refused before anything is sent. */
class HoldOptionsTest {
  @Test
  void aWaitGoesWithFailAndEndsWithinAMinute() {
    HoldOptions.Builder fail = HoldOptions.builder("uat").ifBusy(IfBusy.IF_BUSY_FAIL);
    assertEquals(5, fail.wait(Duration.ofSeconds(5)).build().request().getWait().getSeconds());
    assertRefused(fail.wait(Duration.ofSeconds(90)), "wait is PT1M30S, and 60 s at most");
    assertRefused(HoldOptions.builder("uat").wait(Duration.ofSeconds(5)), "wait goes with IF_BUSY_FAIL; queueTimeout limits");
  }

  private static void assertRefused(HoldOptions.Builder options, String message) {
    String said = assertThrows(IllegalArgumentException.class, options::build).getMessage();
    assertTrue(said.contains(message), said);
  }
}
