package dev.callme.testee;

import dev.callme.client.CallMe;
import dev.callme.client.HeldLease;
import dev.callme.client.HoldOptions;
import java.util.concurrent.CompletableFuture;

/** A hold that is under way. Its thread is interrupted to cancel it. */
final class Hold extends Thread {
  private final CallMe client;
  private final int number;
  private final HoldOptions options;
  private final boolean stubborn;
  private final CompletableFuture<Boolean> verdict = new CompletableFuture<>();

  Hold(CallMe client, Order order) {
    this.client = client;
    this.number = order.id;
    this.stubborn = order.options.stubborn;
    this.options = order.hold().onWaiting(lease -> Said.of(order.id, "waiting").with("position", lease.getPosition()).say()).build();
  }

  /** Lets the body return. */
  void finish() {
    verdict.complete(true);
  }

  /** Lets the body throw. */
  void fail() {
    verdict.complete(false);
  }

  @Override
  public void run() {
    try {
      client.withLease(options, this::body);
      if (Thread.interrupted()) throw new IllegalStateException("the interrupt of a lost lease outlived its hold");
      Said.of(number, "ended").with("outcome", "ok").say();
    } catch (Exception error) {
      System.err.println("hold " + number + ": " + error);
      Said.of(number, "ended").outcome(error).say();
    }
  }

  private void body(HeldLease lease) throws Exception {
    String fencingToken = Long.toUnsignedString(lease.fencingToken());
    Said.of(number, "held").with("leaseId", lease.id()).with("leaseToken", lease.token()).with("fencingToken", fencingToken).say();
    boolean fine;
    try {
      fine = verdict.get();
    } catch (InterruptedException cancelled) {
      Said.of(number, "cancelled").say();
      if (!stubborn) throw cancelled;
      fine = verdict.get();
    }
    if (!fine) throw new BodyFailed();
  }

  /** The body's own error. */
  static final class BodyFailed extends Exception {
    private static final long serialVersionUID = 1L;

    BodyFailed() {
      super("body failed");
    }
  }
}
