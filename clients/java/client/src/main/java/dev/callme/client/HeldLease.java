package dev.callme.client;

import dev.callme.v1.EndReason;
import dev.callme.v1.Lease;
import dev.callme.v1.LeaseState;
import dev.callme.v1.LeasedEnvironment;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * A lease that is kept by renewing until it is closed.
 *
 * <p>When it is lost, the thread that called {@code hold} is interrupted (see {@link HoldOptions.Builder#interruptWhenLost}), {@link
 * #lost} completes and {@link #onLost} runs. What uses the environment must stop then: another one may be served within seconds. The
 * interrupt never outlives {@link #close}; one that came from elsewhere between ours and {@code close} cannot be told from it, and is
 * cleared as well. Methods may be called by any thread, but only the thread that holds can clear its own interrupt: let it close.
 */
public final class HeldLease implements AutoCloseable {
  /** How long a command has from SIGTERM to SIGKILL, in ms, if a tenth of the ttl is no less. */
  private static final long GRACE = 3_000;

  private final Wire wire;
  private final String id;
  private final String token;
  private final Keeper keeper;
  private final Consumer<HeldLease> onClosed;
  private final CompletableFuture<LeaseLostException> lost = new CompletableFuture<>();

  /** As it was when the body began. */
  private Lease lease;

  private final Object lock = new Object();
  /** The thread to interrupt; null: none. */
  private final Thread holder;
  private boolean interrupted;
  /** From here on nobody is interrupted, but it can still turn out to be lost. */
  private boolean closing;
  private boolean closed;
  private Loss loss;

  HeldLease(Wire wire, Lease lease, String token, Thread holder, Consumer<HeldLease> onClosed) {
    this.wire = wire;
    this.id = lease.getId();
    this.lease = lease;
    this.token = token;
    this.holder = holder;
    this.onClosed = onClosed;
    this.keeper = new Keeper(wire, lease, token, this::lose);
  }

  /** The id of the lease. */
  public String id() {
    return id;
  }

  /** A key for this one lease: enough to release it from another process, see {@link CallMe#release}. */
  public String token() {
    return token;
  }

  /** What is held. */
  public List<LeasedEnvironment> environments() {
    return lease.getEnvironmentsList();
  }

  /**
   * Higher than that of every earlier grant on these environments: hand it to what you protect. An unsigned number, as {@link
   * Long#toUnsignedString(long)} writes it.
   */
  public long fencingToken() {
    return Verdict.fencingTokenOf(lease);
  }

  /** The lease as it was when {@code hold} returned it. */
  public Lease lease() {
    return lease;
  }

  /** Whether it was lost before it was closed. */
  public boolean isLost() {
    synchronized (lock) {
      return loss != null;
    }
  }

  /**
   * Goes on only while it is held: for the line before a step that cannot be taken back.
   *
   * @throws LeaseLostException if it was lost
   */
  public void check() {
    synchronized (lock) {
      if (loss != null) throw failure(loss);
    }
  }

  /** Completes when the lease is lost, with why, on a thread of its own; never if it is closed before that. */
  public CompletableFuture<LeaseLostException> lost() {
    return lost.copy();
  }

  /** Runs something when the lease is lost, on a thread of its own; at once if it was lost already, never if it is closed before that. */
  public void onLost(Runnable action) {
    Objects.requireNonNull(action, "action");
    lost.thenRun(() -> Daemon.named("call-me-lost").newThread(action).start());
  }

  /**
   * Runs a command, and returns its exit code when all that it has started has ended: its process group gets SIGTERM, and SIGKILL after 3 s,
   * or after a tenth of the ttl if that is less, when the lease is lost, when this thread is interrupted, when the JVM ends (of SIGTERM, for
   * example: then the lease is released as well), and for what the command leaves behind. It is killed with us. It has CALL_ME_LEASE_ID,
   * CALL_ME_LEASE_TOKEN, CALL_ME_ENVIRONMENT and CALL_ME_FENCING_TOKEN in its environment, and never CALL_ME_API_KEY. Its stdout and stderr
   * are ours unless the builder redirects them; its stdin is empty, or the file that the builder names.
   *
   * @throws LeaseLostException if the lease is lost
   * @throws InterruptedException if the thread was interrupted
   * @throws IOException if the command could not be started
   */
  public int run(ProcessBuilder command) throws IOException, InterruptedException {
    check();
    command.environment().keySet().remove("CALL_ME_API_KEY");
    command.environment().put("CALL_ME_LEASE_ID", id);
    command.environment().put("CALL_ME_LEASE_TOKEN", token);
    command.environment().put("CALL_ME_ENVIRONMENT", environments().stream().map(LeasedEnvironment::getName).collect(Collectors.joining(",")));
    command.environment().put("CALL_ME_FENCING_TOKEN", Long.toUnsignedString(fencingToken()));
    Group group = Group.start(command);
    long grace = lease.hasTtl() ? Math.min(GRACE, Times.nanos(lease.getTtl()) / 10_000_000) : GRACE;
    Thread farewell = Daemon.named("call-me-farewell").newThread(() -> leave(group, grace));
    boolean registered = register(farewell);
    lost.thenRun(() -> group.end(grace));
    try {
      int code = group.waitFor();
      group.end(grace);
      check();
      return code;
    } catch (InterruptedException interrupt) {
      group.end(grace);
      check();
      throw interrupt;
    } finally {
      group.end(grace);
      if (registered) unregister(farewell);
    }
  }

  /**
   * Releases the lease, tried for up to 10 s whoever interrupts, and for 1 s if it was lost; a release without an answer is no error, since a
   * lease that nobody renews ends by itself. Closing it again does nothing.
   *
   * @throws LeaseLostException if it was lost, so that work which took no notice of that does not pass for done
   */
  @Override
  public void close() {
    if (!end()) return;
    wire.giveBack(id, token, isLost() ? Retry.FAREWELL : Retry.PATIENCE);
    check();
  }

  @Override
  public String toString() {
    return "HeldLease{" + id + (isLost() ? ", lost}" : "}");
  }

  /** Makes sure that it is ours still, and keeps it from then on; false: it was taken back, and stands in line again. Whoever leaves gives it back. */
  boolean begin() throws InterruptedException {
    CompletableFuture<Lease> begun = keeper.begin();
    try {
      lease = Answer.await(begun);
      check();
      if (lease.getState() == LeaseState.LEASE_STATE_HELD) return true;
      end();
      return false;
    } catch (InterruptedException | RuntimeException | Error leaving) {
      begun.cancel(false);
      end();
      wire.giveBack(id, token, Retry.FAREWELL);
      check();
      Loss known = Verdict.lossIn(leaving).orElse(null);
      if (known != null) throw failure(known);
      throw leaving;
    }
  }

  /** Nothing can be renewed from now on, and why. */
  void abandon(String why) {
    keeper.abandon(new Loss(why, EndReason.END_REASON_UNSPECIFIED));
  }

  /** Whether it was not closed before. After this it interrupts nobody, and no interrupt of its own is left. */
  private boolean end() {
    synchronized (lock) {
      if (closing) return false;
      closing = true;
      if (interrupted && Thread.currentThread() == holder) Thread.interrupted();
    }
    Answer.settled(keeper.stop());
    synchronized (lock) {
      closed = true;
    }
    onClosed.accept(this);
    return true;
  }

  /** The JVM ends: first the command, and only then the lease. */
  private void leave(Group group, long grace) {
    group.end(grace);
    try {
      close();
    } catch (LeaseLostException told) {
      // Nobody is left to be told.
    }
  }

  /** False: the JVM is ending already. */
  private static boolean register(Thread hook) {
    try {
      Runtime.getRuntime().addShutdownHook(hook);
      return true;
    } catch (IllegalStateException ending) {
      return false;
    }
  }

  private static void unregister(Thread hook) {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException ending) {
      // It runs.
    }
  }

  private void lose(Loss why) {
    synchronized (lock) {
      if (closed) return;
      loss = why;
      // An interrupt that is there already is not ours to clear.
      if (holder != null && !closing && !holder.isInterrupted()) {
        interrupted = true;
        holder.interrupt();
      }
    }
    Daemon.named("call-me-lost").newThread(() -> lost.complete(failure(why))).start();
  }

  private LeaseLostException failure(Loss why) {
    return new LeaseLostException(id, why);
  }
}
