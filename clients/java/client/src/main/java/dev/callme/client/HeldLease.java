package dev.callme.client;

import dev.callme.v1.CancelRequest;
import dev.callme.v1.EndReason;
import dev.callme.v1.Lease;
import dev.callme.v1.LeaseState;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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
 * cleared as well. It is interrupted, too, when the holder is asked to stop: see {@link #cancelRequested}. Methods may be called by any thread, but only the thread that holds can clear its own interrupt: let it close.
 */
public final class HeldLease implements AutoCloseable {
  private final Wire wire;
  private final String id;
  private final String token;
  private final Keeper keeper;
  private final Consumer<HeldLease> onClosed;
  private final CompletableFuture<LeaseLostException> lost = new CompletableFuture<>();
  private final CompletableFuture<CancelRequestedException> cancelRequested = new CompletableFuture<>();
  /** Held while facts are told: a later one must not come first. */
  private final Object telling = new Object();

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
  /** Who asks the holder to stop; null: nobody. */
  private CancelRequest asked;
  /** What is to be told with the release. */
  private final Map<String, String> facts = new HashMap<>();

  HeldLease(Wire wire, Lease lease, String token, Thread holder, Consumer<HeldLease> onClosed) {
    this.wire = wire;
    this.id = lease.getId();
    this.lease = lease;
    this.token = token;
    this.holder = holder;
    this.onClosed = onClosed;
    this.keeper = new Keeper(wire, lease, token, this::lose, this::ask);
  }

  /** The id of the lease. */
  public String id() {
    return id;
  }

  /** A key for this one lease: enough to release it from another process, see {@link CallMe#release}. */
  public String token() {
    return token;
  }

  /** What is held, in the order in which it was asked for, with slots and variables: of a selector, what was chosen. */
  public List<HeldEnvironment> environments() {
    return lease.getEnvironmentsList().stream().map(HeldEnvironment::new).collect(Collectors.toUnmodifiableList());
  }

  /**
   * Higher than that of every earlier grant on these environments: hand it to what you protect. An unsigned number, as {@link
   * Long#toUnsignedString(long)} writes it.
   */
  public long fencingToken() {
    return Verdict.fencingTokenOf(lease);
  }

  /** The lease as it was when {@code hold} returned it, but for the variables. */
  public Lease lease() {
    return Given.without(lease);
  }

  /** Whether it was lost before it was closed. */
  public boolean isLost() {
    synchronized (lock) {
      return loss != null;
    }
  }

  /**
   * Goes on only while it is held, and nobody asks to stop: for the line before a step that cannot be taken back.
   *
   * @throws LeaseLostException if it was lost
   * @throws CancelRequestedException if the holder is asked to stop
   */
  public void check() {
    checkHeld();
    synchronized (lock) {
      if (asked != null) throw new CancelRequestedException(id, asked, null);
    }
  }

  /**
   * Tells everybody what is on the environments now, such as a version, until somebody tells it anew; an empty text takes it back. Returns when the
   * server has it.
   *
   * @throws LeaseLostException if the lease was lost
   * @throws IllegalStateException if it was given back
   * @throws StatusRuntimeException if the server refuses the facts, or is out of reach for 10 s
   * @throws InterruptedException if the thread was interrupted; they may have been told
   */
  public void tell(Map<String, String> facts) throws InterruptedException {
    synchronized (telling) {
      refuseClosed();
      try {
        Answer.await(keeper.tell(Map.copyOf(facts)));
      } catch (StatusRuntimeException error) {
        checkHeld();
        if (Verdict.lossIn(error).isPresent()) throw new IllegalStateException("the lease was given back before the facts could be told", error);
        throw error;
      }
      checkHeld();
    }
  }

  /** The same with the release, when it is closed. A lost lease, or a server that refuses these facts, leaves them untold. */
  public void tellAtRelease(Map<String, String> facts) {
    synchronized (lock) {
      this.facts.putAll(Map.copyOf(facts));
    }
  }

  /** Completes when somebody asks the holder to stop, with who, why and by when, on a thread of its own; never if it is closed before that. */
  public CompletableFuture<CancelRequestedException> cancelRequested() {
    return cancelRequested.copy();
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
   * CALL_ME_LEASE_TOKEN, CALL_ME_ENVIRONMENT, CALL_ME_SLOTS, CALL_ME_FENCING_TOKEN and what the environments give (CALL_ME_VAR_…) in its
   * environment, and never CALL_ME_API_KEY. It is ended, too, when the holder is asked to stop. Its stdout and stderr
   * are ours unless the builder redirects them; its stdin is empty, or the file that the builder names.
   *
   * @throws LeaseLostException if the lease is lost
   * @throws CancelRequestedException if the holder is asked to stop
   * @throws InterruptedException if the thread was interrupted
   * @throws IOException if the command could not be started
   */
  public int run(ProcessBuilder command) throws IOException, InterruptedException {
    check();
    return new Command(this, lease, lost, cancelRequested).run(command);
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
    Map<String, String> last;
    synchronized (lock) {
      last = Map.copyOf(facts);
    }
    wire.giveBack(id, token, last, isLost() ? Retry.FAREWELL : Retry.PATIENCE);
    checkHeld();
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
      checkHeld();
      if (lease.getState() == LeaseState.LEASE_STATE_HELD) {
        if (!Given.missing(lease).isEmpty()) throw NotAcquiredException.lacking(lease, Given.missing(lease));
        return true;
      }
      end();
      return false;
    } catch (InterruptedException | RuntimeException | Error leaving) {
      begun.cancel(false);
      end();
      wire.giveBack(id, token, Retry.FAREWELL);
      checkHeld();
      Loss known = Verdict.lossIn(leaving).orElse(null);
      if (known != null) throw failure(known);
      throw leaving;
    }
  }

  /** Turns the interrupt of who was asked to stop into what says so; else does nothing. */
  void stopped(InterruptedException interrupt) {
    synchronized (lock) {
      if (asked != null && interrupted) throw new CancelRequestedException(id, asked, interrupt);
    }
  }

  private void checkHeld() {
    synchronized (lock) {
      if (loss != null) throw failure(loss);
    }
  }

  private void refuseClosed() {
    synchronized (lock) {
      if (closing) throw new IllegalStateException("the lease was given back before the facts could be told");
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

  private void lose(Loss why) {
    synchronized (lock) {
      if (closed) return;
      loss = why;
      interrupt();
    }
    Daemon.named("call-me-lost").newThread(() -> lost.complete(failure(why))).start();
  }

  private void ask(CancelRequest request) {
    synchronized (lock) {
      if (closed) return;
      asked = request;
      interrupt();
    }
    Daemon.named("call-me-cancel").newThread(() -> cancelRequested.complete(new CancelRequestedException(id, request, null))).start();
  }

  /** An interrupt that is there already is not ours to clear. */
  private void interrupt() {
    if (holder == null || closing || holder.isInterrupted()) return;
    interrupted = true;
    holder.interrupt();
  }

  private LeaseLostException failure(Loss why) {
    return new LeaseLostException(id, why);
  }
}
