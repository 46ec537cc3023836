package dev.callme.client;

import dev.callme.v1.CancelRequest;
import dev.callme.v1.EndReason;
import dev.callme.v1.Lease;
import dev.callme.v1.LeaseState;
import dev.callme.v1.RenewResponse;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Renews a HELD lease every third of its ttl, and tells when it is lost: ended by somebody else, taken back, or not renewed in time.
 *
 * <p>The server counts from when it got a Renew, we from when we sent it, by our monotonic clock; so our deadline D comes before the
 * server's. At D - max(0.5 s, 5 % of ttl) the body must have stopped, and min(3 s, 10 % of ttl) earlier it is told. D follows what the
 * server says is left, so it also holds where max_hold or not_after ends all renewing. All of this runs on the client's clock; times are those of
 * System.nanoTime, in ns.
 */
final class Keeper {
  private static final long SECOND = Duration.ofSeconds(1).toNanos();

  private final Wire wire;
  private final Lease lease;
  private final String token;
  private final Consumer<Loss> onLoss;
  private final Consumer<CancelRequest> onAsk;
  private long ttl;
  /** When the last answered Renew was sent. */
  private long sentAt;
  private long deadline;
  private boolean renewed;
  /** The fencing token that the body is given; before a Renew of ours showed it HELD, none counts. */
  private long fencingToken;
  private boolean held;
  /** Whether max_hold or not_after lets no further Renew extend it. */
  private boolean capped;
  /** What keeps us from renewing; null: nothing. */
  private String trouble;
  private Future<?> next;
  private Future<?> alarm;
  private LeaseStream stream;
  private final Backoff reopening = new Backoff();
  private boolean lost;
  /** Whether the holder has been asked to stop. */
  private boolean asked;
  private boolean stopped;

  /** Tells the loss, and who asks the holder to stop, on the clock, once at most: who is told must be quick. */
  Keeper(Wire wire, Lease lease, String token, Consumer<Loss> onLoss, Consumer<CancelRequest> onAsk) {
    this.onAsk = onAsk;
    this.wire = wire;
    this.lease = lease;
    this.token = token;
    this.onLoss = onLoss;
    this.ttl = Times.nanos(lease.getTtl());
  }

  /**
   * Renews once, before anything relies on the lease: a grant may have been long on its way to us, only a Renew of our own tells when the
   * time began. The lease comes as it is now: if it was taken back meanwhile, it is not HELD. Otherwise it goes on by itself. Fails with the
   * error of the last try. If the time is as good as over by then, the loss has been told before it completes. Who cancels it ends all trying.
   */
  CompletableFuture<Lease> begin() {
    return Retry.persist(wire, Retry.PATIENCE, left -> renew(Map.of()).thenApply(this::begun));
  }

  /**
   * Tells facts by a Renew of their own, which is sent again until it is answered; the others tell none. If the lease has been lost, that has been
   * told before it completes.
   */
  CompletableFuture<RenewResponse> tell(Map<String, String> facts) {
    return Retry.persist(wire, Retry.PATIENCE, left -> {
      long sent = System.nanoTime();
      return renew(facts).whenComplete((renewal, error) -> {
        if (error != null && !stopped) failed(Answer.causeOf(error), sent);
      });
    });
  }

  private Lease begun(RenewResponse renewal) {
    if (!held) return renewal.getLease();
    if (renewed && Times.until(cancelAt()) <= 0) {
      lose(new Loss("its time was as good as over before the body could begin", EndReason.END_REASON_UNSPECIFIED));
    }
    follow();
    return renewal.getLease();
  }

  /**
   * Ends all renewing, very soon; complete when that is done, and the loss told if there is one. The time is judged as it is now: in a
   * process that was stopped, the body can be over before the alarm goes off.
   */
  CompletableFuture<?> stop() {
    long now = System.nanoTime();
    return CompletableFuture.runAsync(() -> {
      if (!stopped && renewed && cancelAt() - now <= 0) expire();
      end();
    }, wire.clock());
  }

  /** Nothing can be renewed from now on. */
  void abandon(Loss loss) {
    wire.clock().execute(() -> declare(loss));
  }

  private CompletableFuture<RenewResponse> renew(Map<String, String> facts) {
    long sent = System.nanoTime();
    CompletableFuture<RenewResponse> answer = wire.renew(lease, token, facts, Math.min(Math.max(SECOND, ttl / 10), 5 * SECOND));
    return answer.thenApply(renewal -> {
      if (!stopped) heard(renewal.getLease(), sent);
      return renewal;
    });
  }

  private void heard(Lease now, long sent) {
    if (!held) {
      if (now.getState() != LeaseState.LEASE_STATE_HELD) return;
      held = true;
      fencingToken = Verdict.fencingTokenOf(now);
    }
    Loss loss = Verdict.lossIn(now, fencingToken).orElse(null);
    if (loss != null) declare(loss);
    else if (now.hasTtl()) renewed(now, sent);
    if (loss == null) see(now);
  }

  private void see(Lease now) {
    if (asked || stopped || !now.hasCancelRequested()) return;
    asked = true;
    onAsk.accept(now.getCancelRequested());
  }

  /** Answers may overtake each other, but no Renew ever shortens a lease: the latest deadline is right. */
  private void renewed(Lease now, long sent) {
    long told = sent + Times.nanos(now.getTtlRemaining());
    trouble = null;
    capped = Times.isCapped(now);
    ttl = Times.nanos(now.getTtl());
    sentAt = renewed ? later(sentAt, sent) : sent;
    deadline = renewed ? later(deadline, told) : told;
    renewed = true;
    schedule(sentAt + ttl / 3);
    cancel(alarm);
    alarm = at(cancelAt(), this::expire);
  }

  /** When the body is told: early enough to be told, and then to stop. */
  private long cancelAt() {
    return deadline - Math.max(SECOND / 2, ttl / 20) - Math.min(3 * SECOND, ttl / 10);
  }

  private void schedule(long time) {
    cancel(next);
    next = at(time, this::attempt);
  }

  /** Does not wait for the answer to send the next: where a connection is dead without a word, none ever comes. */
  private void attempt() {
    if (stopped) return;
    long sent = System.nanoTime();
    schedule(sent + Math.max(SECOND / 20, ttl / 40));
    renew(Map.of()).whenComplete((renewal, error) -> {
      if (error != null && !stopped) failed(Answer.causeOf(error), sent);
    });
  }

  private void failed(Throwable error, long sent) {
    Loss loss = Verdict.lossIn(error).orElse(null);
    if (loss != null) declare(loss);
    else if (sent - sentAt > 0) trouble = Status.fromThrowable(error).getCode() + ": " + Status.fromThrowable(error).getDescription();
  }

  /** It is renewed still, if that can be, as long as something may run on it: so nobody else is served meanwhile. */
  private void expire() {
    String why = "no contact with the server (" + (trouble == null ? "no answer" : trouble) + ")";
    if (trouble == null && capped) why = "it cannot be renewed any further: max_hold or not_after is reached";
    if (trouble == null && asked) why = "it was to stop by now, as it was asked to";
    lose(new Loss(why, EndReason.END_REASON_UNSPECIFIED));
  }

  /** Hears of an end at once, and not only when the next Renew is due: after ForceRelease others may be served within seconds. */
  private void follow() {
    if (!stopped) stream = wire.watch(lease, token, new Follower());
  }

  /** Given back with its own token, for example by the body before its last steps, it is no loss: no reason to stop the body. */
  private void declare(Loss loss) {
    if (stopped) return;
    end();
    if (!loss.givenBack()) lose(loss);
  }

  private void lose(Loss loss) {
    if (lost) return;
    lost = true;
    onLoss.accept(loss);
  }

  private void end() {
    stopped = true;
    cancel(next);
    cancel(alarm);
    if (stream != null) stream.close();
  }

  private Future<?> at(long time, Runnable task) {
    return wire.clock().schedule(task, Times.until(time), TimeUnit.NANOSECONDS);
  }

  private static void cancel(Future<?> timer) {
    if (timer != null) timer.cancel(false);
  }

  private static long later(long one, long other) {
    return one - other > 0 ? one : other;
  }

  /** Opens the stream again whenever it breaks. */
  private final class Follower implements LeaseStream.Listener {
    private final long begun = System.nanoTime();

    @Override
    public void seen(Lease now) {
      Verdict.lossIn(now, fencingToken).ifPresentOrElse(Keeper.this::declare, () -> Keeper.this.see(now));
    }

    @Override
    public void ended(StatusRuntimeException error) {
      reopening.lastedSince(begun);
      Loss loss = error == null ? null : Verdict.lossIn(error).orElse(null);
      if (loss != null) declare(loss);
      // Renewals tell what else is wrong.
      else if (error == null || Verdict.isTransient(error)) at(System.nanoTime() + reopening.next(), Keeper.this::follow);
    }
  }
}
