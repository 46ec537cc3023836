package dev.callme.client;

import com.google.protobuf.Duration;
import dev.callme.v1.AcquireRequest;
import dev.callme.v1.AcquireResponse;
import dev.callme.v1.EndReason;
import dev.callme.v1.Lease;
import dev.callme.v1.LeaseState;
import dev.callme.v1.LockServiceGrpc;
import dev.callme.v1.ReleaseRequest;
import dev.callme.v1.ReleaseResponse;
import dev.callme.v1.RenewRequest;
import dev.callme.v1.RenewResponse;
import dev.callme.v1.WatchLeaseRequest;
import dev.callme.v1.WatchLeaseResponse;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;

/** Grants everything at once, and ends it when told to. What a real server does is tested in test/clients. */
final class FakeServer extends LockServiceGrpc.LockServiceImplBase implements AutoCloseable {
  private static final Duration TTL = seconds(60);

  private final String name = UUID.randomUUID().toString();
  private final Server server;
  private final CompletableFuture<StreamObserver<WatchLeaseResponse>> watcher = new CompletableFuture<>();
  final AtomicInteger releases = new AtomicInteger();
  /** How many Renews have come. */
  final AtomicInteger renewals = new AtomicInteger();
  /** How many Renews are yet to be cut off. */
  final AtomicInteger cutOff = new AtomicInteger();
  /** What is left of the ttl after a Renew. */
  volatile Duration left = TTL;

  FakeServer() throws IOException {
    server = InProcessServerBuilder.forName(name).addService(this).build().start();
  }

  CallMe client() {
    return CallMe.builder().channel(channel()).build();
  }

  /** What clients are made of. */
  InProcessChannelBuilder channel() {
    return InProcessChannelBuilder.forName(name);
  }

  /** Ends the lease, once it is watched. */
  void end(EndReason reason) {
    Lease ended = lease(LeaseState.LEASE_STATE_ENDED).toBuilder().setEndReason(reason).build();
    watcher.join().onNext(WatchLeaseResponse.newBuilder().setLease(ended).build());
  }

  @Override
  public void acquire(AcquireRequest request, StreamObserver<AcquireResponse> answer) {
    answer.onNext(AcquireResponse.newBuilder().setLease(lease(LeaseState.LEASE_STATE_HELD)).setLeaseToken("token").build());
    answer.onCompleted();
  }

  @Override
  public void renew(RenewRequest request, StreamObserver<RenewResponse> answer) {
    renewals.incrementAndGet();
    if (cutOff.getAndDecrement() > 0) {
      answer.onError(Status.INTERNAL.asRuntimeException());
      return;
    }
    Lease renewed = lease(LeaseState.LEASE_STATE_HELD).toBuilder().setTtlRemaining(left).build();
    answer.onNext(RenewResponse.newBuilder().setLease(renewed).build());
    answer.onCompleted();
  }

  @Override
  public void release(ReleaseRequest request, StreamObserver<ReleaseResponse> answer) {
    releases.incrementAndGet();
    answer.onNext(ReleaseResponse.getDefaultInstance());
    answer.onCompleted();
  }

  @Override
  public void watchLease(WatchLeaseRequest request, StreamObserver<WatchLeaseResponse> stream) {
    watcher.complete(stream);
  }

  @Override
  public void close() {
    server.shutdownNow();
  }

  static Duration seconds(long length) {
    return Duration.newBuilder().setSeconds(length).build();
  }

  static Lease lease(LeaseState state) {
    return Lease.newBuilder().setId("lease").setState(state).setTtl(TTL).setTtlRemaining(TTL).build();
  }
}
