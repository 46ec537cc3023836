package dev.callme.testee;

import dev.callme.client.CallMe;
import dev.callme.client.HeldLease;
import dev.callme.client.HoldOptions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

/** A hold that is under way. Its thread is interrupted to cancel it. */
final class Hold extends Thread {
  private final CallMe client;
  private final int number;
  private final HoldOptions options;
  private final boolean stubborn;
  /** The command that the body runs; null: none. */
  private final List<String> command;
  /** How long to block before it returns; or that it throws. */
  private final CompletableFuture<Duration> verdict = new CompletableFuture<>();

  /** What the body was given, once it runs. */
  private final CompletableFuture<HeldLease> lease = new CompletableFuture<>();

  Hold(CallMe client, Order order) {
    this.client = client;
    this.number = order.id;
    this.stubborn = order.options.stubborn;
    this.command = order.options.run;
    this.options = order.hold().onWaiting(lease -> Said.of(order.id, "waiting").with("position", lease.getPosition()).say()).build();
  }

  /** Lets the body return. */
  void finish(Duration block) {
    verdict.complete(block);
  }

  /** Lets the body throw. */
  void fail() {
    verdict.completeExceptionally(new BodyFailed());
  }

  /** Has the body's lease tell facts, on a thread of its own. */
  void tell(Order order) {
    lease.thenAcceptAsync(held -> {
      try {
        if (order.atRelease) held.tellAtRelease(order.facts);
        else held.tell(order.facts);
        Said.of(number, "told").with("outcome", "ok").say();
      } catch (InterruptedException | RuntimeException error) {
        Said.of(number, "told").outcome(error).say();
      }
    }, task -> new Thread(task).start());
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

  private void body(HeldLease held) throws Exception {
    lease.complete(held);
    Said.of(number, "held").held(held).say();
    if (command != null) {
      held.run(new ProcessBuilder(command).redirectOutput(ProcessBuilder.Redirect.DISCARD));
      return;
    }
    try {
      end();
    } catch (InterruptedException cancelled) {
      Said.of(number, "cancelled").say();
      if (!stubborn) throw cancelled;
      end();
    }
  }

  /** As it is told to. */
  private void end() throws InterruptedException, BodyFailed {
    try {
      block(verdict.get());
    } catch (ExecutionException told) {
      throw new BodyFailed();
    }
  }

  private static void block(Duration length) {
    long until = System.nanoTime() + length.toNanos();
    boolean interrupted = false;
    while (until - System.nanoTime() > 0) {
      try {
        TimeUnit.NANOSECONDS.sleep(until - System.nanoTime());
      } catch (InterruptedException unheeded) {
        interrupted = true;
      }
    }
    if (interrupted) currentThread().interrupt();
  }

  /** The body's own error. */
  static final class BodyFailed extends Exception {
    private static final long serialVersionUID = 1L;

    BodyFailed() {
      super("body failed");
    }
  }
}
