package dev.callme.client;

import io.grpc.Status;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.LongFunction;

/** Sends a call again until it answers, fails for good, or the time is over. The call must be safe to repeat. Runs on the client's clock. */
final class Retry<A> {
  /** How long a server may be out of reach while nothing is at stake. */
  static final Duration PATIENCE = Duration.ofSeconds(10);
  /** How long somebody who gives up may be kept. */
  static final Duration FAREWELL = Duration.ofSeconds(1);

  private final Wire wire;
  private final long givenUpAt;
  private final LongFunction<CompletableFuture<A>> call;
  private final Backoff backoff = new Backoff();
  private final CompletableFuture<A> result = new CompletableFuture<>();
  /** What went wrong last, but for tries that were out of time after it; null if nothing did. */
  private Throwable told;

  private Retry(Wire wire, Duration patience, LongFunction<CompletableFuture<A>> call) {
    this.wire = wire;
    this.givenUpAt = System.nanoTime() + patience.toNanos();
    this.call = call;
  }

  /**
   * The answer, or what went wrong last: if that is no more than that a try was out of time, what went wrong before it. Who has completed it
   * himself ends all trying.
   *
   * @param call sends it, given what is left of the patience in ns
   */
  static <A> CompletableFuture<A> persist(Wire wire, Duration patience, LongFunction<CompletableFuture<A>> call) {
    Retry<A> retry = new Retry<>(wire, patience, call);
    wire.clock().execute(retry::attempt);
    return retry.result;
  }

  private void attempt() {
    if (result.isDone()) return;
    try {
      call.apply(Times.until(givenUpAt)).whenComplete(this::judge);
    } catch (RuntimeException unsendable) {
      result.completeExceptionally(unsendable);
    }
  }

  private void judge(A answer, Throwable thrown) {
    Throwable error = Answer.causeOf(thrown);
    if (error == null) {
      result.complete(answer);
      return;
    }
    if (told == null || Status.fromThrowable(error).getCode() != Status.Code.DEADLINE_EXCEEDED) told = error;
    if (wire.isClosed() || !Verdict.isTransient(error) || Times.until(givenUpAt) <= Verdict.delayOf(error)) {
      result.completeExceptionally(told);
    } else {
      wire.clock().schedule(this::attempt, Math.min(backoff.after(error), Times.until(givenUpAt)), TimeUnit.NANOSECONDS);
    }
  }
}
