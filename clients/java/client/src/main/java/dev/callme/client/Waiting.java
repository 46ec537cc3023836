package dev.callme.client;

import dev.callme.v1.AcquireRequest;
import dev.callme.v1.AcquireResponse;
import dev.callme.v1.Lease;
import dev.callme.v1.LeaseState;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;

/** A place in line, from the first Acquire to the grant. Blocks the thread that asks. */
final class Waiting {
  /** After so long without an answer Acquire is sent again, beside the time that it asks the server to wait. */
  private static final Duration CALL_TIMEOUT = Duration.ofSeconds(5);

  private final Wire wire;
  private final AcquireRequest request;
  /** What is picked up, instead of asked for, or is ours already, once nobody knows us any more; null: nothing. */
  private Ticket ticket;
  private final Consumer<? super Lease> onWaiting;
  private final Backoff backoff = new Backoff();
  /** When (of System.nanoTime) to stand in line no longer, with IF_BUSY_FAIL. */
  private final long until;
  private boolean asked;
  /** What the server said last; null before it said anything. */
  private AcquireResponse last;
  /** When (of System.nanoTime) it makes no sense any more to look for a server that is out of reach. */
  private long givenUpAt;
  /** When whoever gives up must be gone. */
  private long goneAt;

  Waiting(Wire wire, HoldOptions options) {
    this.wire = wire;
    this.request = options.request();
    this.ticket = options.ticket();
    this.onWaiting = options.onWaiting();
    this.until = System.nanoTime() + Times.nanos(request.getWait());
    this.givenUpAt = until + Retry.PATIENCE.toNanos();
  }

  /**
   * Waits through lost connections and restarts of the server until the lease is HELD; called again, until it is once more. Throws
   * NotAcquiredException if it ends before, or is refused for good, and any other error of a call that the server refuses, or if it was never
   * reached. Whoever leaves gives the place in line up.
   */
  AcquireResponse granted() throws InterruptedException {
    try {
      settle(true);
      if (last.getLease().getState() == LeaseState.LEASE_STATE_HELD) return last;
      throw NotAcquiredException.of(last.getLease(), null);
    } catch (InterruptedException | RuntimeException | Error leaving) {
      giveUp();
      throw leaving;
    }
  }

  /** Asks, and leaves the place in line to whoever picks it up. Throws as {@link #granted}, but not since it waits. */
  Ticket left() throws InterruptedException {
    try {
      settle(false);
      if (last.getLease().getState() == LeaseState.LEASE_STATE_ENDED) throw NotAcquiredException.of(last.getLease(), null);
      return new Ticket(last.getLease().getId(), last.getLeaseToken(), request.getRequestId());
    } catch (InterruptedException | RuntimeException | Error leaving) {
      giveUp();
      throw leaving;
    }
  }

  /** Whatever happens to the stream, Acquire is sent again: with the same request_id it is safe, a sign of life, and tells the truth. */
  private void settle(boolean stays) throws InterruptedException {
    for (Throwable trouble = null; ; ) {
      if (asked) TimeUnit.NANOSECONDS.sleep(backoff.after(trouble));
      trouble = null;
      asked = true;
      try {
        ask();
        if (isSettled() || !stays) return;
        follow();
        if (isSettled()) return;
      } catch (StatusRuntimeException error) {
        if (ticket == null && last != null && !wire.isClosed() && TokenTrouble.isUnidentified(error)) {
          // As a CI job's token ends before its waiting does. The place is ours by its own token.
          ticket = new Ticket(last.getLease().getId(), last.getLeaseToken(), request.getRequestId());
          continue;
        }
        NotAcquiredException refused = NotAcquiredException.of(error).orElse(null);
        if (refused != null) throw refused;
        if (wire.isClosed() || !Verdict.isTransient(error)) throw error;
        trouble = error;
        if (Times.until(givenUpAt) <= 0) {
          if (last == null) throw error;
          throw NotAcquiredException.of(last.getLease(), error);
        }
      }
    }
  }

  private void ask() throws InterruptedException {
    long wait = Math.max(0, Times.until(until));
    long left = Math.min(wait + CALL_TIMEOUT.toNanos(), Times.until(givenUpAt));
    // What is left of it: the wait is no part of what a request_id stands for.
    AcquireRequest asking = request.hasWait() ? request.toBuilder().setWait(Times.toProto(Duration.ofNanos(wait))).build() : request;
    long timeout = Math.max(Retry.FAREWELL.toNanos(), left);
    if (ticket == null && wire.tokens() != null) identified(wire.tokens(), asking, timeout);
    else if (ticket == null) hear(wire.acquire(asking, timeout), answer -> answer);
    else hear(wire.look(ticket, timeout), answer -> place(answer.getLease(), ticket.leaseToken()));
  }

  /** An Acquire whose token is refused is sent once more with another. */
  private void identified(Tokens tokens, AcquireRequest asking, long timeout) throws InterruptedException {
    IdToken token = Answer.await(tokens.fresh());
    StatusRuntimeException refusal = refusalOf(asking, token, timeout);
    if (refusal == null) return;
    IdToken other = Answer.await(tokens.after(token));
    if (other.isSame(token)) throw tokens.refused(token, refusal);
    StatusRuntimeException again = refusalOf(asking, other, timeout);
    if (again != null) throw tokens.refused(other, again);
  }

  /** Null: it was answered, and heard. */
  private StatusRuntimeException refusalOf(AcquireRequest asking, IdToken token, long timeout) throws InterruptedException {
    try {
      hear(wire.acquire(asking, token, timeout), answer -> answer);
      return null;
    } catch (StatusRuntimeException error) {
      if (!TokenTrouble.isUnidentified(error)) throw error;
      return error;
    }
  }

  private static AcquireResponse place(Lease lease, String token) {
    return AcquireResponse.newBuilder().setLease(lease).setLeaseToken(token).build();
  }

  private <A> void hear(Answer<?, A> answer, Function<A, AcquireResponse> read) throws InterruptedException {
    try {
      see(read.apply(Answer.await(answer)));
    } catch (InterruptedException interrupted) {
      listenForAMoment(answer, read);
      throw interrupted;
    }
  }

  /** Only its answer tells which lease is to be withdrawn. */
  private <A> void listenForAMoment(Answer<?, A> answer, Function<A, AcquireResponse> read) {
    goneAt = System.nanoTime() + Retry.FAREWELL.toNanos();
    A late = Answer.settled(answer.completeOnTimeout(null, Retry.FAREWELL.toMillis() / 2, TimeUnit.MILLISECONDS));
    if (late != null) last = read.apply(late);
    answer.giveUp();
  }

  /** Returns when the lease is settled, or the server has ended the stream. */
  private void follow() throws InterruptedException {
    Told told = new Told();
    long begun = System.nanoTime();
    LeaseStream stream = wire.watch(last.getLease(), last.getLeaseToken(), told);
    try {
      while (!isSettled()) {
        Runnable next = told.queue.poll(Times.until(givenUpAt), TimeUnit.NANOSECONDS);
        if (next == null) throw Status.DEADLINE_EXCEEDED.withDescription("queue_timeout has passed").asRuntimeException();
        next.run();
        if (told.over) return;
      }
    } finally {
      stream.close();
      backoff.lastedSince(begun);
    }
  }

  private void see(AcquireResponse answer) {
    Lease before = last == null ? null : last.getLease();
    Lease now = answer.getLease();
    // The server's own timer comes first; ours is for when it cannot be heard.
    if (before == null) givenUpAt = System.nanoTime() + Math.min(Times.FOREVER, Times.longestWait(now) + Retry.FAREWELL.toNanos());
    last = answer;
    if (now.getState() != LeaseState.LEASE_STATE_QUEUED) return;
    if (before == null || before.getPosition() != now.getPosition() || before.getQueueLength() != now.getQueueLength()) onWaiting.accept(now);
  }

  private boolean isSettled() {
    LeaseState state = last.getLease().getState();
    return state == LeaseState.LEASE_STATE_HELD || state == LeaseState.LEASE_STATE_ENDED;
  }

  private void giveUp() {
    if (last == null || last.getLease().getState() == LeaseState.LEASE_STATE_ENDED) return;
    Duration left = goneAt == 0 ? Retry.FAREWELL : Duration.ofNanos(Math.max(0, Times.until(goneAt)));
    wire.giveBack(last.getLease().getId(), last.getLeaseToken(), left);
  }

  /** What the stream says, brought to the thread that waits. */
  private final class Told implements LeaseStream.Listener {
    final BlockingQueue<Runnable> queue = new LinkedBlockingQueue<>();
    boolean over;

    @Override
    public void seen(Lease lease) {
      queue.add(() -> see(last.toBuilder().setLease(lease).build()));
    }

    @Override
    public void ended(StatusRuntimeException error) {
      queue.add(() -> {
        over = true;
        if (error != null) throw error;
      });
    }
  }
}
