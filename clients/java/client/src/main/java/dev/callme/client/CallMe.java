package dev.callme.client;

import dev.callme.v1.AcquireResponse;
import dev.callme.v1.EnvironmentServiceGrpc;
import dev.callme.v1.EnvironmentServiceGrpc.EnvironmentServiceBlockingStub;
import dev.callme.v1.LockServiceGrpc;
import dev.callme.v1.LockServiceGrpc.LockServiceBlockingStub;
import io.grpc.Channel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.StatusRuntimeException;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A client of a call-me server. One is enough for a program: it may be used by any number of threads, which then share one connection.
 *
 * <pre>{@code
 * try (CallMe client = CallMe.connect(); HeldLease lease = client.hold("uat")) {
 *   deploy();
 * }
 * }</pre>
 *
 * <p>What the server refuses comes as the {@link io.grpc.StatusRuntimeException} that gRPC makes of it; see {@link ErrorReason}.
 */
public final class CallMe implements AutoCloseable {
  private static final String LOCAL = "http://127.0.0.1:8000";

  private final Wire wire;
  /** Null: the caller gave a channel. */
  private final String url;
  private final Set<HeldLease> held = ConcurrentHashMap.newKeySet();

  private CallMe(Builder builder) {
    String key = Address.key(builder.apiKey != null ? builder.apiKey : Builder.orElse(System.getenv("CALL_ME_API_KEY"), ""));
    ManagedChannelBuilder<?> channel = builder.channel != null ? builder.channel : Address.channelTo(builder.url);
    boolean byToken = builder.apiKey == null && builder.channel == null && (key.isEmpty() || TokenSource.isNamed());
    this.wire = new Wire(channel.build(), key, byToken ? Tokens.ofJob(builder.url) : null);
    this.url = builder.channel == null ? builder.url.strip() : null;
  }

  /**
   * A client of the server that CALL_ME_URL names (http://127.0.0.1:8000 if it is not set), with the key in CALL_ME_API_KEY. It connects
   * when it has something to ask.
   *
   * @throws IllegalArgumentException if CALL_ME_URL is no address, no header can carry CALL_ME_API_KEY, or a setting for tokens is wrong
   */
  public static CallMe connect() {
    return builder().build();
  }

  /** Begins with what the environment says, as {@link #connect} does. */
  public static Builder builder() {
    return new Builder();
  }

  /**
   * Waits until an environment is held, through restarts of the server, for as long as it takes, and keeps it by renewing until the lease
   * is closed. An interrupt while it waits gives the place in line up.
   *
   * @throws NotAcquiredException if the lease ended before it was held, or with IF_BUSY_FAIL the environment was busy
   * @throws LeaseLostException if it was lost before it could be used
   * @throws io.grpc.StatusRuntimeException if the server refuses the call, or was out of reach for 10 s
   * @throws InterruptedException if the thread was interrupted
   */
  public HeldLease hold(String environment) throws InterruptedException {
    return hold(HoldOptions.builder(environment).build());
  }

  /** The same with options, among them several environments to be held together. */
  public HeldLease hold(HoldOptions options) throws InterruptedException {
    if (Thread.interrupted()) throw new InterruptedException("interrupted before the environment was asked for");
    if (wire.isClosed()) throw new IllegalStateException("this client was closed");
    Waiting waiting = new Waiting(wire, options);
    Thread holder = options.interruptWhenLost() ? Thread.currentThread() : null;
    try {
      for (;;) {
        AcquireResponse granted = waiting.granted();
        HeldLease lease = new HeldLease(wire, granted.getLease(), granted.getLeaseToken(), holder, held::remove);
        held.add(lease);
        if (lease.begin()) return lease;
      }
    } catch (StatusRuntimeException error) {
      throw wire.isClosed() ? error : Unheard.named(error, url);
    }
  }

  /**
   * Asks, and leaves the place in line, or what was granted at once, to another process: see {@link #pickUp}. Nobody keeps it meanwhile, so {@code
   * ttl}, {@code ticketTtl} and {@code claimTimeout} must be given (not with {@code autoClaim}). Throws what {@link #hold(HoldOptions)} does; what has
   * been asked for by then is given up.
   *
   * @throws IllegalArgumentException if one of them is missing
   */
  public Ticket detach(HoldOptions options) throws InterruptedException {
    options.checkDetached();
    if (wire.isClosed()) throw new IllegalStateException("this client was closed");
    try {
      return new Waiting(wire, options).left();
    } catch (StatusRuntimeException error) {
      throw wire.isClosed() ? error : Unheard.named(error, url);
    }
  }

  /**
   * Holds what another process has asked for by {@link #detach}; from here on it is as {@link #hold(HoldOptions)}, which does the same with {@link
   * HoldOptions#builder(Ticket)}. Who has lost the token, but has the key, holds with all that {@code detach} was given, {@code requestId} and {@code
   * holder} included.
   *
   * @throws NotAcquiredException if it has ended meanwhile
   */
  public HeldLease pickUp(Ticket ticket) throws InterruptedException {
    return hold(HoldOptions.builder(ticket).build());
  }

  /**
   * Runs something while an environment is held. What it throws comes out unchanged, after the release, unless the lease was lost: then that
   * comes out, with what the action threw as its cause. An InterruptedException of an action that was asked to stop comes out as the cause of a {@link
   * CancelRequestedException}.
   *
   * @throws X what the action threw
   * @throws LeaseLostException if the lease was lost, whatever the action made of that
   * @throws InterruptedException if the thread was interrupted while it waited
   */
  public <X extends Exception> void withLease(String environment, LeaseAction<X> action) throws X, InterruptedException {
    withLease(HoldOptions.builder(environment).build(), action);
  }

  /** The same with options. */
  public <X extends Exception> void withLease(HoldOptions options, LeaseAction<X> action) throws X, InterruptedException {
    Objects.requireNonNull(action, "action");
    callWithLease(options, lease -> {
      action.run(lease);
      return null;
    });
  }

  /** The same for what has a result. */
  public <T, X extends Exception> T callWithLease(String environment, LeaseFunction<T, X> function) throws X, InterruptedException {
    return callWithLease(HoldOptions.builder(environment).build(), function);
  }

  /** The same with options, for what has a result. */
  public <T, X extends Exception> T callWithLease(HoldOptions options, LeaseFunction<T, X> function) throws X, InterruptedException {
    Objects.requireNonNull(function, "function");
    HeldLease lease = hold(options);
    T result;
    try {
      result = function.apply(lease);
    } catch (Throwable thrown) {
      try {
        lease.close();
      } catch (LeaseLostException lost) {
        // Whatever went wrong once the lease was lost went wrong because of that. It was made just now: nothing has it as a cause already.
        lost.initCause(thrown);
        throw lost;
      }
      if (thrown instanceof InterruptedException) lease.stopped((InterruptedException) thrown);
      throw thrown;
    }
    lease.close();
    return result;
  }

  /**
   * Releases a lease of whatever process by its token alone; one that has ended already is no error.
   *
   * @throws io.grpc.StatusRuntimeException if the token is not the lease's, or the server was out of reach for 10 s
   * @throws InterruptedException if the thread was interrupted; the release may have happened
   */
  public void release(String leaseId, String leaseToken) throws InterruptedException {
    release(leaseId, leaseToken, Map.of());
  }

  /** The same, telling facts as {@link HeldLease#tellAtRelease} does. */
  public void release(String leaseId, String leaseToken, Map<String, String> facts) throws InterruptedException {
    Objects.requireNonNull(leaseId, "leaseId");
    Objects.requireNonNull(leaseToken, "leaseToken");
    try {
      Answer.await(wire.release(leaseId, leaseToken, facts, Retry.PATIENCE));
    } catch (StatusRuntimeException error) {
      throw wire.isClosed() ? error : Unheard.named(error, url);
    }
  }

  /** All calls of LockService, as they are generated. */
  public LockServiceBlockingStub locks() {
    return LockServiceGrpc.newBlockingStub(channel());
  }

  /** All calls of EnvironmentService, as they are generated. */
  public EnvironmentServiceBlockingStub environments() {
    return EnvironmentServiceGrpc.newBlockingStub(channel());
  }

  /** The connection with the key, for generated stubs of other kinds. It closes with this client. */
  public Channel channel() {
    return wire.keyed();
  }

  /** Closes the connection. Leases are best closed before: one that is open still is lost, without a release. */
  @Override
  public void close() {
    for (HeldLease lease : held) lease.abandon("this client was closed");
    wire.close();
  }

  /** Makes a {@link CallMe}. */
  public static final class Builder {
    private String url = orElse(System.getenv("CALL_ME_URL"), LOCAL);
    /** Null: it was not given. */
    private String apiKey;
    private ManagedChannelBuilder<?> channel;

    private Builder() {}

    /** Where the server is: http(s)://host:port, without a path. CALL_ME_URL unless given. */
    public Builder url(String url) {
      this.url = Objects.requireNonNull(url, "url");
      return this;
    }

    /**
     * An API key, or a lease token; CALL_ME_API_KEY unless given. Empty: none is sent. Where neither says one, calls bear the CI system's token for
     * this job, if there is one.
     */
    public Builder apiKey(String apiKey) {
      this.apiKey = Objects.requireNonNull(apiKey, "apiKey");
      return this;
    }

    /** How to reach the server, instead of an address: for certificates of your own, interceptors, or another transport. */
    public Builder channel(ManagedChannelBuilder<?> channel) {
      this.channel = Objects.requireNonNull(channel, "channel");
      return this;
    }

    /**
     * The client.
     *
     * @throws IllegalArgumentException if the address is none, no header can carry the key, or a setting for tokens is wrong
     */
    public CallMe build() {
      return new CallMe(this);
    }

    private static String orElse(String value, String otherwise) {
      return value == null || value.isEmpty() ? otherwise : value;
    }
  }
}
