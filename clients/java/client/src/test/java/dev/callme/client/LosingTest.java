package dev.callme.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.callme.v1.EndReason;
import dev.callme.v1.LeaseState;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What Java makes of a lost lease: interrupts and exceptions. When it is lost is tested in test/clients. */
@Timeout(30)
class LosingTest {
  private FakeServer server;
  private CallMe client;

  @BeforeEach
  void start() throws IOException {
    server = new FakeServer();
    client = server.client();
  }

  @AfterEach
  void stop() {
    client.close();
    server.close();
    assertFalse(Thread.interrupted(), "an interrupt outlived the test");
  }

  @Test
  void theInterruptDoesNotOutliveCloseWhereNobodyTookNotice() throws InterruptedException {
    HeldLease lease = client.hold("uat");
    server.end(EndReason.END_REASON_FORCE_RELEASED);
    while (!Thread.currentThread().isInterrupted()) Thread.onSpinWait();
    LeaseLostException lost = assertThrows(LeaseLostException.class, lease::close);
    assertEquals(EndReason.END_REASON_FORCE_RELEASED, lost.endReason());
    assertFalse(Thread.currentThread().isInterrupted());
    assertEquals(1, server.releases.get());
    lease.close();
    assertEquals(1, server.releases.get(), "closing again does nothing");
  }

  @Test
  void anInterruptThatWasThereBeforeIsKept() throws InterruptedException {
    HeldLease lease = client.hold("uat");
    Thread.currentThread().interrupt();
    server.end(EndReason.END_REASON_EXPIRED);
    while (!lease.isLost()) Thread.onSpinWait();
    assertThrows(LeaseLostException.class, lease::close);
    assertTrue(Thread.interrupted());
  }

  @Test
  void nobodyIsInterruptedWhoDidNotWantIt() throws InterruptedException {
    HeldLease lease = client.hold(HoldOptions.builder("uat").interruptWhenLost(false).build());
    server.end(EndReason.END_REASON_EXPIRED);
    assertEquals(EndReason.END_REASON_EXPIRED, lease.lost().join().endReason());
    assertFalse(Thread.currentThread().isInterrupted());
    assertThrows(LeaseLostException.class, lease::check);
    assertThrows(LeaseLostException.class, lease::close);
  }

  @Test
  void anExceptionOfTheBodyComesOutOfTryWithTheLossSuppressed() {
    InterruptedException interrupted = assertThrows(InterruptedException.class, () -> {
      try (HeldLease lease = client.hold("uat")) {
        lease.check();
        server.end(EndReason.END_REASON_EXPIRED);
        new CountDownLatch(1).await();
      }
    });
    assertInstanceOf(LeaseLostException.class, interrupted.getSuppressed()[0]);
  }

  @Test
  void theLossItselfMayBeThrownByTheBody() {
    LeaseLostException thrown = assertThrows(LeaseLostException.class, () -> {
      try (HeldLease lease = client.hold(HoldOptions.builder("uat").interruptWhenLost(false).build())) {
        server.end(EndReason.END_REASON_EXPIRED);
        throw lease.lost().join();
      }
    });
    assertNotSame(thrown, thrown.getSuppressed()[0]);
  }

  @Test
  void theLossComesOutOfWithLeaseWithTheBodysExceptionAsItsCause() {
    LeaseLostException lost = assertThrows(LeaseLostException.class, () -> client.withLease("uat", lease -> {
      server.end(EndReason.END_REASON_EXPIRED);
      new CountDownLatch(1).await();
    }));
    assertInstanceOf(InterruptedException.class, lost.getCause());
  }

  @Test
  void causesNeverGoRoundInACircle() {
    HoldOptions options = HoldOptions.builder("uat").interruptWhenLost(false).build();
    LeaseLostException lost = assertThrows(LeaseLostException.class, () -> client.withLease(options, lease -> {
      server.end(EndReason.END_REASON_EXPIRED);
      throw new IOException("own", lease.lost().join());
    }));
    assertInstanceOf(IOException.class, lost.getCause());
    assertNotSame(lost, lost.getCause().getCause());
    assertNull(lost.getCause().getCause().getCause());
  }

  @Test
  void theBodysResultAndExceptionComeOutUnchanged() throws Exception {
    assertEquals("lease", client.callWithLease("uat", HeldLease::id));
    IOException own = new IOException("own");
    IOException thrown = assertThrows(IOException.class, () -> client.withLease("uat", lease -> {
      throw own;
    }));
    assertSame(own, thrown);
    assertEquals(2, server.releases.get());
  }

  @Test
  void whoWantsToKnowIsToldOnAThreadOfItsOwn() throws InterruptedException {
    CompletableFuture<Thread> told = new CompletableFuture<>();
    HeldLease lease = client.hold(HoldOptions.builder("uat").interruptWhenLost(false).build());
    lease.onLost(() -> told.complete(Thread.currentThread()));
    server.end(EndReason.END_REASON_EXPIRED);
    assertTrue(told.join().isDaemon());
    assertNotSame(Thread.currentThread(), told.join());
    assertThrows(LeaseLostException.class, lease::close);
  }

  /** As in a process that was stopped: when it goes on, the body may be over before the alarm goes off. */
  @Test
  void theClockIsJudgeWhereNoAlarmWentOff() throws InterruptedException {
    // Of 60 s, the body is told 6 s before the end.
    server.left = FakeServer.seconds(7);
    Wire wire = new Wire(server.channel().build(), "key", null);
    Thread holder = Thread.currentThread();
    HeldLease lease = new HeldLease(wire, FakeServer.lease(LeaseState.LEASE_STATE_HELD), "token", holder, closed -> {});
    lease.begin();
    long over = System.nanoTime() + Duration.ofSeconds(1).toNanos();
    CountDownLatch stopped = new CountDownLatch(1);
    wire.clock().execute(() -> {
      stopped.countDown();
      while (Times.until(over) > 0 || holder.getState() != Thread.State.WAITING) Thread.onSpinWait();
    });
    stopped.await();
    while (Times.until(over) > 0) Thread.onSpinWait();
    assertFalse(lease.isLost());
    assertThrows(LeaseLostException.class, lease::close);
    assertTrue(lease.lost().join().getMessage().contains("no answer"));
    wire.close();
  }

  @Test
  void aReleaseByTokenLeavesTheBodyAlone() throws InterruptedException {
    HeldLease lease = client.hold("uat");
    server.end(EndReason.END_REASON_RELEASED);
    client.release(lease.id(), lease.token());
    lease.close();
    assertFalse(lease.isLost());
  }

  @Test
  void theFirstRenewIsSentAgainUntilItIsAnswered() throws InterruptedException {
    server.cutOff.set(2);
    try (HeldLease lease = client.hold("uat")) {
      assertFalse(lease.isLost());
    }
  }

  @Test
  void theBodyDoesNotBeginWhenItsTimeIsAsGoodAsOver() {
    server.left = FakeServer.seconds(5);
    for (boolean interrupt : new boolean[] {true, false}) {
      HoldOptions options = HoldOptions.builder("uat").interruptWhenLost(interrupt).build();
      LeaseLostException lost = assertThrows(LeaseLostException.class, () -> client.withLease(options, lease -> fail("it has begun")));
      assertTrue(lost.getMessage().contains("before the body could begin"), lost.getMessage());
      assertFalse(Thread.currentThread().isInterrupted());
    }
    assertEquals(2, server.releases.get());
  }

  @Test
  void whoGivesUpBeforeTheFirstRenewIsAnsweredSendsNoMore() throws InterruptedException {
    server.cutOff.set(Integer.MAX_VALUE);
    CompletableFuture<Throwable> outcome = new CompletableFuture<>();
    Thread holder = new Thread(() -> outcome.complete(assertThrows(InterruptedException.class, () -> client.hold("uat"))));
    holder.start();
    while (server.renewals.get() < 2) Thread.sleep(1);
    holder.interrupt();
    outcome.join();
    int sent = server.renewals.get();
    Thread.sleep(1500);
    assertEquals(sent, server.renewals.get());
    assertEquals(1, server.releases.get());
  }

  @Test
  void aClosedClientLosesItsLeases() throws InterruptedException {
    HeldLease lease = client.hold(HoldOptions.builder("uat").interruptWhenLost(false).build());
    client.close();
    assertTrue(lease.lost().join().getMessage().contains("closed"));
    assertThrows(LeaseLostException.class, lease::close);
    assertThrows(IllegalStateException.class, () -> client.hold("uat"));
  }
}
