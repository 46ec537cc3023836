package dev.callme.client;

import dev.callme.v1.AcquireRequest;
import dev.callme.v1.AcquireResponse;
import dev.callme.v1.GetLeaseRequest;
import dev.callme.v1.GetLeaseResponse;
import dev.callme.v1.Lease;
import dev.callme.v1.LockServiceGrpc;
import dev.callme.v1.LockServiceGrpc.LockServiceStub;
import dev.callme.v1.ReleaseRequest;
import dev.callme.v1.ReleaseResponse;
import dev.callme.v1.RenewRequest;
import dev.callme.v1.RenewResponse;
import dev.callme.v1.WatchLeaseRequest;
import io.grpc.CallCredentials;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** The calls that a hold is made of. All that they answer comes on one thread, the clock: what only it touches needs no locks. */
final class Wire {
  /** A release that was not answered for so long is sent again. */
  private static final Duration RELEASE_TRY = Duration.ofSeconds(2);
  private static final Metadata.Key<String> KEY = Metadata.Key.of("x-api-key", Metadata.ASCII_STRING_MARSHALLER);

  private final ManagedChannel channel;
  private final Channel keyed;
  private final Tokens tokens;
  private final boolean byToken;
  private final ScheduledExecutorService clock = newClock();
  /** When the channel was last made to connect anew; only the clock touches it. */
  private long refreshedAt = System.nanoTime();

  /** With a key, or with the tokens of the CI job, or with both, where these are only shown; without: the one is empty, and the other null. */
  Wire(ManagedChannel channel, String key, Tokens tokens) {
    this.channel = channel;
    this.tokens = tokens;
    this.byToken = tokens != null && key.isEmpty();
    Channel identified = tokens == null ? channel : withTokens(channel, tokens.credentials(byToken));
    this.keyed = key.isEmpty() ? identified : withKey(identified, key);
  }

  /** The server, opened with the client's key. */
  Channel keyed() {
    return keyed;
  }

  /** Those of the CI job that open the server; null: a key does, or nothing does. */
  Tokens tokens() {
    return byToken ? tokens : null;
  }

  /** Runs what is never long: timers and answers. */
  ScheduledExecutorService clock() {
    return clock;
  }

  boolean isClosed() {
    return channel.isShutdown();
  }

  /** Every call fails from now on. */
  void close() {
    channel.shutdownNow();
  }

  Answer<AcquireRequest, AcquireResponse> acquire(AcquireRequest request, long timeout) {
    Answer<AcquireRequest, AcquireResponse> answer = new Answer<>();
    stub(keyed, timeout).acquire(request, answer);
    return watched(answer);
  }

  /** The same, opened by a token. */
  Answer<AcquireRequest, AcquireResponse> acquire(AcquireRequest request, IdToken token, long timeout) {
    Answer<AcquireRequest, AcquireResponse> answer = new Answer<>();
    Channel opened = ClientInterceptors.intercept(channel, MetadataUtils.newAttachHeadersInterceptor(Tokens.headers(token)));
    stub(opened, timeout).acquire(request, answer);
    return watched(answer);
  }

  /** A sign of life, which claims an offer. */
  Answer<GetLeaseRequest, GetLeaseResponse> look(Ticket ticket, long timeout) {
    Answer<GetLeaseRequest, GetLeaseResponse> answer = new Answer<>();
    GetLeaseRequest request = GetLeaseRequest.newBuilder().setLeaseId(ticket.leaseId()).build();
    stub(withKey(channel, ticket.leaseToken()), timeout).getLease(request, answer);
    return watched(answer);
  }

  CompletableFuture<RenewResponse> renew(Lease lease, String token, Map<String, String> facts, long timeout) {
    Answer<RenewRequest, RenewResponse> answer = new Answer<>();
    RenewRequest request = RenewRequest.newBuilder().setLeaseId(lease.getId()).putAllFacts(facts).build();
    stub(withKey(channel, token), timeout).renew(request, answer);
    return watched(answer);
  }

  /** Ends a lease, again and again until the server has answered. By lease id that is safe to repeat. */
  CompletableFuture<ReleaseResponse> release(String leaseId, String token, Map<String, String> facts, Duration patience) {
    ReleaseRequest request = ReleaseRequest.newBuilder().setLeaseId(leaseId).putAllFacts(facts).build();
    return Retry.persist(this, patience, left -> {
      Answer<ReleaseRequest, ReleaseResponse> answer = new Answer<>();
      stub(withKey(channel, token), Math.min(RELEASE_TRY.toNanos(), left)).release(request, answer);
      return watched(answer);
    });
  }

  /** The same for whoever leaves: whatever becomes of it, and whoever interrupts. A lease whose release gets no answer ends by itself. */
  void giveBack(String leaseId, String token, Duration patience) {
    giveBack(leaseId, token, Map.of(), patience);
  }

  /** The same with facts. If the server refuses them, they keep nobody waiting. */
  void giveBack(String leaseId, String token, Map<String, String> facts, Duration patience) {
    long givenUpAt = System.nanoTime() + patience.toNanos();
    if (Answer.settled(release(leaseId, token, facts, patience)) != null || facts.isEmpty()) return;
    Answer.settled(release(leaseId, token, Map.of(), Duration.ofNanos(Math.max(0, Times.until(givenUpAt)))));
  }

  /** Follows a lease with its own token: who follows by a key looks on only, and claims nothing. */
  LeaseStream watch(Lease lease, String token, LeaseStream.Listener listener) {
    LeaseStream stream = new LeaseStream(this, listener);
    LockServiceStub stub = LockServiceGrpc.newStub(withKey(channel, token)).withExecutor(clock);
    stub.watchLease(WatchLeaseRequest.newBuilder().setLeaseId(lease.getId()).build(), stream);
    return stream;
  }

  /**
   * Something that was sent at a time of System.nanoTime got no answer. The connection may be dead without a word, and gRPC itself waits
   * longer and longer before it connects again: so the next call is to go over a new one. Calls that are under way are left alone.
   */
  void failed(Throwable error, long sentAt) {
    Status.Code code = Status.fromThrowable(error).getCode();
    boolean unanswered = code == Status.Code.UNAVAILABLE || code == Status.Code.DEADLINE_EXCEEDED;
    if (!unanswered || sentAt - refreshedAt < 0) return;
    refreshedAt = System.nanoTime();
    channel.enterIdle();
  }

  private <Q, A> Answer<Q, A> watched(Answer<Q, A> answer) {
    long sentAt = System.nanoTime();
    answer.whenComplete((message, error) -> {
      if (error instanceof StatusRuntimeException) failed(error, sentAt);
    });
    return answer;
  }

  private LockServiceStub stub(Channel opened, long timeout) {
    return LockServiceGrpc.newStub(opened).withExecutor(clock).withDeadlineAfter(timeout, TimeUnit.NANOSECONDS);
  }

  private static Channel withKey(Channel channel, String key) {
    Metadata headers = new Metadata();
    headers.put(KEY, key);
    return ClientInterceptors.intercept(channel, MetadataUtils.newAttachHeadersInterceptor(headers));
  }

  private static Channel withTokens(Channel channel, CallCredentials credentials) {
    return ClientInterceptors.intercept(channel, new ClientInterceptor() {
      @Override
      public <Q, A> ClientCall<Q, A> interceptCall(MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
        return next.newCall(method, options.getCredentials() == null ? options.withCallCredentials(credentials) : options);
      }
    });
  }

  /** Its one thread ends by itself when nothing is left to be done, so a closed client leaves none behind, and no answer finds it gone. */
  private static ScheduledExecutorService newClock() {
    ScheduledThreadPoolExecutor clock = new ScheduledThreadPoolExecutor(1, Daemon.named("call-me-clock"));
    clock.setRemoveOnCancelPolicy(true);
    clock.setKeepAliveTime(10, TimeUnit.SECONDS);
    clock.allowCoreThreadTimeOut(true);
    return clock;
  }
}
