package dev.callme.v1;

import static io.grpc.MethodDescriptor.generateFullMethodName;

/**
 * <pre>
 * All that a CI job needs. `{"environment":"uat"}` is a complete Check, Acquire, Release and WatchEnvironment request.
 * Every error carries a google.rpc.ErrorInfo (domain "call-me", a stable reason); bad input also carries a
 * google.rpc.BadRequest with field paths, and what may be tried again a google.rpc.RetryInfo.
 * </pre>
 */
@io.grpc.stub.annotations.GrpcGenerated
public final class LockServiceGrpc {

  private LockServiceGrpc() {}

  public static final java.lang.String SERVICE_NAME = "callme.v1.LockService";

  // Static method descriptors that strictly reflect the proto.
  private static volatile io.grpc.MethodDescriptor<dev.callme.v1.CheckRequest,
      dev.callme.v1.CheckResponse> getCheckMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "Check",
      requestType = dev.callme.v1.CheckRequest.class,
      responseType = dev.callme.v1.CheckResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.callme.v1.CheckRequest,
      dev.callme.v1.CheckResponse> getCheckMethod() {
    io.grpc.MethodDescriptor<dev.callme.v1.CheckRequest, dev.callme.v1.CheckResponse> getCheckMethod;
    if ((getCheckMethod = LockServiceGrpc.getCheckMethod) == null) {
      synchronized (LockServiceGrpc.class) {
        if ((getCheckMethod = LockServiceGrpc.getCheckMethod) == null) {
          LockServiceGrpc.getCheckMethod = getCheckMethod =
              io.grpc.MethodDescriptor.<dev.callme.v1.CheckRequest, dev.callme.v1.CheckResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "Check"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.callme.v1.CheckRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.callme.v1.CheckResponse.getDefaultInstance()))
              .setSchemaDescriptor(new LockServiceMethodDescriptorSupplier("Check"))
              .build();
        }
      }
    }
    return getCheckMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.callme.v1.AcquireRequest,
      dev.callme.v1.AcquireResponse> getAcquireMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "Acquire",
      requestType = dev.callme.v1.AcquireRequest.class,
      responseType = dev.callme.v1.AcquireResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.callme.v1.AcquireRequest,
      dev.callme.v1.AcquireResponse> getAcquireMethod() {
    io.grpc.MethodDescriptor<dev.callme.v1.AcquireRequest, dev.callme.v1.AcquireResponse> getAcquireMethod;
    if ((getAcquireMethod = LockServiceGrpc.getAcquireMethod) == null) {
      synchronized (LockServiceGrpc.class) {
        if ((getAcquireMethod = LockServiceGrpc.getAcquireMethod) == null) {
          LockServiceGrpc.getAcquireMethod = getAcquireMethod =
              io.grpc.MethodDescriptor.<dev.callme.v1.AcquireRequest, dev.callme.v1.AcquireResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "Acquire"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.callme.v1.AcquireRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.callme.v1.AcquireResponse.getDefaultInstance()))
              .setSchemaDescriptor(new LockServiceMethodDescriptorSupplier("Acquire"))
              .build();
        }
      }
    }
    return getAcquireMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.callme.v1.ReleaseRequest,
      dev.callme.v1.ReleaseResponse> getReleaseMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "Release",
      requestType = dev.callme.v1.ReleaseRequest.class,
      responseType = dev.callme.v1.ReleaseResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.callme.v1.ReleaseRequest,
      dev.callme.v1.ReleaseResponse> getReleaseMethod() {
    io.grpc.MethodDescriptor<dev.callme.v1.ReleaseRequest, dev.callme.v1.ReleaseResponse> getReleaseMethod;
    if ((getReleaseMethod = LockServiceGrpc.getReleaseMethod) == null) {
      synchronized (LockServiceGrpc.class) {
        if ((getReleaseMethod = LockServiceGrpc.getReleaseMethod) == null) {
          LockServiceGrpc.getReleaseMethod = getReleaseMethod =
              io.grpc.MethodDescriptor.<dev.callme.v1.ReleaseRequest, dev.callme.v1.ReleaseResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "Release"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.callme.v1.ReleaseRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.callme.v1.ReleaseResponse.getDefaultInstance()))
              .setSchemaDescriptor(new LockServiceMethodDescriptorSupplier("Release"))
              .build();
        }
      }
    }
    return getReleaseMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.callme.v1.RenewRequest,
      dev.callme.v1.RenewResponse> getRenewMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "Renew",
      requestType = dev.callme.v1.RenewRequest.class,
      responseType = dev.callme.v1.RenewResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.callme.v1.RenewRequest,
      dev.callme.v1.RenewResponse> getRenewMethod() {
    io.grpc.MethodDescriptor<dev.callme.v1.RenewRequest, dev.callme.v1.RenewResponse> getRenewMethod;
    if ((getRenewMethod = LockServiceGrpc.getRenewMethod) == null) {
      synchronized (LockServiceGrpc.class) {
        if ((getRenewMethod = LockServiceGrpc.getRenewMethod) == null) {
          LockServiceGrpc.getRenewMethod = getRenewMethod =
              io.grpc.MethodDescriptor.<dev.callme.v1.RenewRequest, dev.callme.v1.RenewResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "Renew"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.callme.v1.RenewRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.callme.v1.RenewResponse.getDefaultInstance()))
              .setSchemaDescriptor(new LockServiceMethodDescriptorSupplier("Renew"))
              .build();
        }
      }
    }
    return getRenewMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.callme.v1.GetLeaseRequest,
      dev.callme.v1.GetLeaseResponse> getGetLeaseMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetLease",
      requestType = dev.callme.v1.GetLeaseRequest.class,
      responseType = dev.callme.v1.GetLeaseResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.callme.v1.GetLeaseRequest,
      dev.callme.v1.GetLeaseResponse> getGetLeaseMethod() {
    io.grpc.MethodDescriptor<dev.callme.v1.GetLeaseRequest, dev.callme.v1.GetLeaseResponse> getGetLeaseMethod;
    if ((getGetLeaseMethod = LockServiceGrpc.getGetLeaseMethod) == null) {
      synchronized (LockServiceGrpc.class) {
        if ((getGetLeaseMethod = LockServiceGrpc.getGetLeaseMethod) == null) {
          LockServiceGrpc.getGetLeaseMethod = getGetLeaseMethod =
              io.grpc.MethodDescriptor.<dev.callme.v1.GetLeaseRequest, dev.callme.v1.GetLeaseResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetLease"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.callme.v1.GetLeaseRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.callme.v1.GetLeaseResponse.getDefaultInstance()))
              .setSchemaDescriptor(new LockServiceMethodDescriptorSupplier("GetLease"))
              .build();
        }
      }
    }
    return getGetLeaseMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.callme.v1.CheckFenceRequest,
      dev.callme.v1.CheckFenceResponse> getCheckFenceMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "CheckFence",
      requestType = dev.callme.v1.CheckFenceRequest.class,
      responseType = dev.callme.v1.CheckFenceResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.callme.v1.CheckFenceRequest,
      dev.callme.v1.CheckFenceResponse> getCheckFenceMethod() {
    io.grpc.MethodDescriptor<dev.callme.v1.CheckFenceRequest, dev.callme.v1.CheckFenceResponse> getCheckFenceMethod;
    if ((getCheckFenceMethod = LockServiceGrpc.getCheckFenceMethod) == null) {
      synchronized (LockServiceGrpc.class) {
        if ((getCheckFenceMethod = LockServiceGrpc.getCheckFenceMethod) == null) {
          LockServiceGrpc.getCheckFenceMethod = getCheckFenceMethod =
              io.grpc.MethodDescriptor.<dev.callme.v1.CheckFenceRequest, dev.callme.v1.CheckFenceResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "CheckFence"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.callme.v1.CheckFenceRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.callme.v1.CheckFenceResponse.getDefaultInstance()))
              .setSchemaDescriptor(new LockServiceMethodDescriptorSupplier("CheckFence"))
              .build();
        }
      }
    }
    return getCheckFenceMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.callme.v1.WatchEnvironmentRequest,
      dev.callme.v1.WatchEnvironmentResponse> getWatchEnvironmentMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "WatchEnvironment",
      requestType = dev.callme.v1.WatchEnvironmentRequest.class,
      responseType = dev.callme.v1.WatchEnvironmentResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
  public static io.grpc.MethodDescriptor<dev.callme.v1.WatchEnvironmentRequest,
      dev.callme.v1.WatchEnvironmentResponse> getWatchEnvironmentMethod() {
    io.grpc.MethodDescriptor<dev.callme.v1.WatchEnvironmentRequest, dev.callme.v1.WatchEnvironmentResponse> getWatchEnvironmentMethod;
    if ((getWatchEnvironmentMethod = LockServiceGrpc.getWatchEnvironmentMethod) == null) {
      synchronized (LockServiceGrpc.class) {
        if ((getWatchEnvironmentMethod = LockServiceGrpc.getWatchEnvironmentMethod) == null) {
          LockServiceGrpc.getWatchEnvironmentMethod = getWatchEnvironmentMethod =
              io.grpc.MethodDescriptor.<dev.callme.v1.WatchEnvironmentRequest, dev.callme.v1.WatchEnvironmentResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "WatchEnvironment"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.callme.v1.WatchEnvironmentRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.callme.v1.WatchEnvironmentResponse.getDefaultInstance()))
              .setSchemaDescriptor(new LockServiceMethodDescriptorSupplier("WatchEnvironment"))
              .build();
        }
      }
    }
    return getWatchEnvironmentMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.callme.v1.WatchLeaseRequest,
      dev.callme.v1.WatchLeaseResponse> getWatchLeaseMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "WatchLease",
      requestType = dev.callme.v1.WatchLeaseRequest.class,
      responseType = dev.callme.v1.WatchLeaseResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
  public static io.grpc.MethodDescriptor<dev.callme.v1.WatchLeaseRequest,
      dev.callme.v1.WatchLeaseResponse> getWatchLeaseMethod() {
    io.grpc.MethodDescriptor<dev.callme.v1.WatchLeaseRequest, dev.callme.v1.WatchLeaseResponse> getWatchLeaseMethod;
    if ((getWatchLeaseMethod = LockServiceGrpc.getWatchLeaseMethod) == null) {
      synchronized (LockServiceGrpc.class) {
        if ((getWatchLeaseMethod = LockServiceGrpc.getWatchLeaseMethod) == null) {
          LockServiceGrpc.getWatchLeaseMethod = getWatchLeaseMethod =
              io.grpc.MethodDescriptor.<dev.callme.v1.WatchLeaseRequest, dev.callme.v1.WatchLeaseResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "WatchLease"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.callme.v1.WatchLeaseRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.callme.v1.WatchLeaseResponse.getDefaultInstance()))
              .setSchemaDescriptor(new LockServiceMethodDescriptorSupplier("WatchLease"))
              .build();
        }
      }
    }
    return getWatchLeaseMethod;
  }

  /**
   * Creates a new async stub that supports all call types for the service
   */
  public static LockServiceStub newStub(io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<LockServiceStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<LockServiceStub>() {
        @java.lang.Override
        public LockServiceStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new LockServiceStub(channel, callOptions);
        }
      };
    return LockServiceStub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports all types of calls on the service
   */
  public static LockServiceBlockingV2Stub newBlockingV2Stub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<LockServiceBlockingV2Stub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<LockServiceBlockingV2Stub>() {
        @java.lang.Override
        public LockServiceBlockingV2Stub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new LockServiceBlockingV2Stub(channel, callOptions);
        }
      };
    return LockServiceBlockingV2Stub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports unary and streaming output calls on the service
   */
  public static LockServiceBlockingStub newBlockingStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<LockServiceBlockingStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<LockServiceBlockingStub>() {
        @java.lang.Override
        public LockServiceBlockingStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new LockServiceBlockingStub(channel, callOptions);
        }
      };
    return LockServiceBlockingStub.newStub(factory, channel);
  }

  /**
   * Creates a new ListenableFuture-style stub that supports unary calls on the service
   */
  public static LockServiceFutureStub newFutureStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<LockServiceFutureStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<LockServiceFutureStub>() {
        @java.lang.Override
        public LockServiceFutureStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new LockServiceFutureStub(channel, callOptions);
        }
      };
    return LockServiceFutureStub.newStub(factory, channel);
  }

  /**
   * <pre>
   * All that a CI job needs. `{"environment":"uat"}` is a complete Check, Acquire, Release and WatchEnvironment request.
   * Every error carries a google.rpc.ErrorInfo (domain "call-me", a stable reason); bad input also carries a
   * google.rpc.BadRequest with field paths, and what may be tried again a google.rpc.RetryInfo.
   * </pre>
   */
  public interface AsyncService {

    /**
     * <pre>
     * Tells whether an environment, or a pool, is free, who is on it and how many wait. Creates nothing.
     * </pre>
     */
    default void check(dev.callme.v1.CheckRequest request,
        io.grpc.stub.StreamObserver<dev.callme.v1.CheckResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getCheckMethod(), responseObserver);
    }

    /**
     * <pre>
     * Asks for one or several environments, all or nothing. The answer is a lease: HELD at once, or QUEUED in a fair line, or ENDED as
     * UNSATISFIABLE; with IF_BUSY_FAIL it is HELD, or an error. A retry with the same request_id gives the same lease and lease_token, never
     * a second one.
     * </pre>
     */
    default void acquire(dev.callme.v1.AcquireRequest request,
        io.grpc.stub.StreamObserver<dev.callme.v1.AcquireResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getAcquireMethod(), responseObserver);
    }

    /**
     * <pre>
     * Gives a lease back, or withdraws one that waits. By lease id it is idempotent and never touches a successor. By environment it ends only
     * what the caller can mean: see ReleaseRequest.
     * </pre>
     */
    default void release(dev.callme.v1.ReleaseRequest request,
        io.grpc.stub.StreamObserver<dev.callme.v1.ReleaseResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getReleaseMethod(), responseObserver);
    }

    /**
     * <pre>
     * Extends a HELD lease: expires_at = max(old, min(now + ttl, granted_at + max_hold)). A sign of life for one that waits.
     * An ended lease is failed_precondition; its end_reason is in the ErrorInfo.
     * </pre>
     */
    default void renew(dev.callme.v1.RenewRequest request,
        io.grpc.stub.StreamObserver<dev.callme.v1.RenewResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getRenewMethod(), responseObserver);
    }

    /**
     * <pre>
     * Reads a lease, at least 24 h beyond its end. By its lease_token it is a sign of life, and claims an OFFERED lease; by a key it only looks.
     * </pre>
     */
    default void getLease(dev.callme.v1.GetLeaseRequest request,
        io.grpc.stub.StreamObserver<dev.callme.v1.GetLeaseResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetLeaseMethod(), responseObserver);
    }

    /**
     * <pre>
     * Tells whether a fencing token belongs to a lease that is HELD now. For deploy scripts, just before they touch the environment.
     * </pre>
     */
    default void checkFence(dev.callme.v1.CheckFenceRequest request,
        io.grpc.stub.StreamObserver<dev.callme.v1.CheckFenceResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getCheckFenceMethod(), responseObserver);
    }

    /**
     * <pre>
     * Follows an environment, a pool, or all that the caller sees: a SNAPSHOT, then each CHANGE in commit order, and a HEARTBEAT at least every
     * 15 s.
     * </pre>
     */
    default void watchEnvironment(dev.callme.v1.WatchEnvironmentRequest request,
        io.grpc.stub.StreamObserver<dev.callme.v1.WatchEnvironmentResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getWatchEnvironmentMethod(), responseObserver);
    }

    /**
     * <pre>
     * Follows one lease until it has ended. By its lease_token an open stream is a continuous sign of life, and claims an offer; by a key it only
     * looks.
     * </pre>
     */
    default void watchLease(dev.callme.v1.WatchLeaseRequest request,
        io.grpc.stub.StreamObserver<dev.callme.v1.WatchLeaseResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getWatchLeaseMethod(), responseObserver);
    }
  }

  /**
   * Base class for the server implementation of the service LockService.
   * <pre>
   * All that a CI job needs. `{"environment":"uat"}` is a complete Check, Acquire, Release and WatchEnvironment request.
   * Every error carries a google.rpc.ErrorInfo (domain "call-me", a stable reason); bad input also carries a
   * google.rpc.BadRequest with field paths, and what may be tried again a google.rpc.RetryInfo.
   * </pre>
   */
  public static abstract class LockServiceImplBase
      implements io.grpc.BindableService, AsyncService {

    @java.lang.Override public final io.grpc.ServerServiceDefinition bindService() {
      return LockServiceGrpc.bindService(this);
    }
  }

  /**
   * A stub to allow clients to do asynchronous rpc calls to service LockService.
   * <pre>
   * All that a CI job needs. `{"environment":"uat"}` is a complete Check, Acquire, Release and WatchEnvironment request.
   * Every error carries a google.rpc.ErrorInfo (domain "call-me", a stable reason); bad input also carries a
   * google.rpc.BadRequest with field paths, and what may be tried again a google.rpc.RetryInfo.
   * </pre>
   */
  public static final class LockServiceStub
      extends io.grpc.stub.AbstractAsyncStub<LockServiceStub> {
    private LockServiceStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected LockServiceStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new LockServiceStub(channel, callOptions);
    }

    /**
     * <pre>
     * Tells whether an environment, or a pool, is free, who is on it and how many wait. Creates nothing.
     * </pre>
     */
    public void check(dev.callme.v1.CheckRequest request,
        io.grpc.stub.StreamObserver<dev.callme.v1.CheckResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getCheckMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Asks for one or several environments, all or nothing. The answer is a lease: HELD at once, or QUEUED in a fair line, or ENDED as
     * UNSATISFIABLE; with IF_BUSY_FAIL it is HELD, or an error. A retry with the same request_id gives the same lease and lease_token, never
     * a second one.
     * </pre>
     */
    public void acquire(dev.callme.v1.AcquireRequest request,
        io.grpc.stub.StreamObserver<dev.callme.v1.AcquireResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getAcquireMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Gives a lease back, or withdraws one that waits. By lease id it is idempotent and never touches a successor. By environment it ends only
     * what the caller can mean: see ReleaseRequest.
     * </pre>
     */
    public void release(dev.callme.v1.ReleaseRequest request,
        io.grpc.stub.StreamObserver<dev.callme.v1.ReleaseResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getReleaseMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Extends a HELD lease: expires_at = max(old, min(now + ttl, granted_at + max_hold)). A sign of life for one that waits.
     * An ended lease is failed_precondition; its end_reason is in the ErrorInfo.
     * </pre>
     */
    public void renew(dev.callme.v1.RenewRequest request,
        io.grpc.stub.StreamObserver<dev.callme.v1.RenewResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getRenewMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Reads a lease, at least 24 h beyond its end. By its lease_token it is a sign of life, and claims an OFFERED lease; by a key it only looks.
     * </pre>
     */
    public void getLease(dev.callme.v1.GetLeaseRequest request,
        io.grpc.stub.StreamObserver<dev.callme.v1.GetLeaseResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetLeaseMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Tells whether a fencing token belongs to a lease that is HELD now. For deploy scripts, just before they touch the environment.
     * </pre>
     */
    public void checkFence(dev.callme.v1.CheckFenceRequest request,
        io.grpc.stub.StreamObserver<dev.callme.v1.CheckFenceResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getCheckFenceMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Follows an environment, a pool, or all that the caller sees: a SNAPSHOT, then each CHANGE in commit order, and a HEARTBEAT at least every
     * 15 s.
     * </pre>
     */
    public void watchEnvironment(dev.callme.v1.WatchEnvironmentRequest request,
        io.grpc.stub.StreamObserver<dev.callme.v1.WatchEnvironmentResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncServerStreamingCall(
          getChannel().newCall(getWatchEnvironmentMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Follows one lease until it has ended. By its lease_token an open stream is a continuous sign of life, and claims an offer; by a key it only
     * looks.
     * </pre>
     */
    public void watchLease(dev.callme.v1.WatchLeaseRequest request,
        io.grpc.stub.StreamObserver<dev.callme.v1.WatchLeaseResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncServerStreamingCall(
          getChannel().newCall(getWatchLeaseMethod(), getCallOptions()), request, responseObserver);
    }
  }

  /**
   * A stub to allow clients to do synchronous rpc calls to service LockService.
   * <pre>
   * All that a CI job needs. `{"environment":"uat"}` is a complete Check, Acquire, Release and WatchEnvironment request.
   * Every error carries a google.rpc.ErrorInfo (domain "call-me", a stable reason); bad input also carries a
   * google.rpc.BadRequest with field paths, and what may be tried again a google.rpc.RetryInfo.
   * </pre>
   */
  public static final class LockServiceBlockingV2Stub
      extends io.grpc.stub.AbstractBlockingStub<LockServiceBlockingV2Stub> {
    private LockServiceBlockingV2Stub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected LockServiceBlockingV2Stub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new LockServiceBlockingV2Stub(channel, callOptions);
    }

    /**
     * <pre>
     * Tells whether an environment, or a pool, is free, who is on it and how many wait. Creates nothing.
     * </pre>
     */
    public dev.callme.v1.CheckResponse check(dev.callme.v1.CheckRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getCheckMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Asks for one or several environments, all or nothing. The answer is a lease: HELD at once, or QUEUED in a fair line, or ENDED as
     * UNSATISFIABLE; with IF_BUSY_FAIL it is HELD, or an error. A retry with the same request_id gives the same lease and lease_token, never
     * a second one.
     * </pre>
     */
    public dev.callme.v1.AcquireResponse acquire(dev.callme.v1.AcquireRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getAcquireMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Gives a lease back, or withdraws one that waits. By lease id it is idempotent and never touches a successor. By environment it ends only
     * what the caller can mean: see ReleaseRequest.
     * </pre>
     */
    public dev.callme.v1.ReleaseResponse release(dev.callme.v1.ReleaseRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getReleaseMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Extends a HELD lease: expires_at = max(old, min(now + ttl, granted_at + max_hold)). A sign of life for one that waits.
     * An ended lease is failed_precondition; its end_reason is in the ErrorInfo.
     * </pre>
     */
    public dev.callme.v1.RenewResponse renew(dev.callme.v1.RenewRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getRenewMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Reads a lease, at least 24 h beyond its end. By its lease_token it is a sign of life, and claims an OFFERED lease; by a key it only looks.
     * </pre>
     */
    public dev.callme.v1.GetLeaseResponse getLease(dev.callme.v1.GetLeaseRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetLeaseMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Tells whether a fencing token belongs to a lease that is HELD now. For deploy scripts, just before they touch the environment.
     * </pre>
     */
    public dev.callme.v1.CheckFenceResponse checkFence(dev.callme.v1.CheckFenceRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getCheckFenceMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Follows an environment, a pool, or all that the caller sees: a SNAPSHOT, then each CHANGE in commit order, and a HEARTBEAT at least every
     * 15 s.
     * </pre>
     */
    @io.grpc.ExperimentalApi("https://github.com/grpc/grpc-java/issues/10918")
    public io.grpc.stub.BlockingClientCall<?, dev.callme.v1.WatchEnvironmentResponse>
        watchEnvironment(dev.callme.v1.WatchEnvironmentRequest request) {
      return io.grpc.stub.ClientCalls.blockingV2ServerStreamingCall(
          getChannel(), getWatchEnvironmentMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Follows one lease until it has ended. By its lease_token an open stream is a continuous sign of life, and claims an offer; by a key it only
     * looks.
     * </pre>
     */
    @io.grpc.ExperimentalApi("https://github.com/grpc/grpc-java/issues/10918")
    public io.grpc.stub.BlockingClientCall<?, dev.callme.v1.WatchLeaseResponse>
        watchLease(dev.callme.v1.WatchLeaseRequest request) {
      return io.grpc.stub.ClientCalls.blockingV2ServerStreamingCall(
          getChannel(), getWatchLeaseMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do limited synchronous rpc calls to service LockService.
   * <pre>
   * All that a CI job needs. `{"environment":"uat"}` is a complete Check, Acquire, Release and WatchEnvironment request.
   * Every error carries a google.rpc.ErrorInfo (domain "call-me", a stable reason); bad input also carries a
   * google.rpc.BadRequest with field paths, and what may be tried again a google.rpc.RetryInfo.
   * </pre>
   */
  public static final class LockServiceBlockingStub
      extends io.grpc.stub.AbstractBlockingStub<LockServiceBlockingStub> {
    private LockServiceBlockingStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected LockServiceBlockingStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new LockServiceBlockingStub(channel, callOptions);
    }

    /**
     * <pre>
     * Tells whether an environment, or a pool, is free, who is on it and how many wait. Creates nothing.
     * </pre>
     */
    public dev.callme.v1.CheckResponse check(dev.callme.v1.CheckRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getCheckMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Asks for one or several environments, all or nothing. The answer is a lease: HELD at once, or QUEUED in a fair line, or ENDED as
     * UNSATISFIABLE; with IF_BUSY_FAIL it is HELD, or an error. A retry with the same request_id gives the same lease and lease_token, never
     * a second one.
     * </pre>
     */
    public dev.callme.v1.AcquireResponse acquire(dev.callme.v1.AcquireRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getAcquireMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Gives a lease back, or withdraws one that waits. By lease id it is idempotent and never touches a successor. By environment it ends only
     * what the caller can mean: see ReleaseRequest.
     * </pre>
     */
    public dev.callme.v1.ReleaseResponse release(dev.callme.v1.ReleaseRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getReleaseMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Extends a HELD lease: expires_at = max(old, min(now + ttl, granted_at + max_hold)). A sign of life for one that waits.
     * An ended lease is failed_precondition; its end_reason is in the ErrorInfo.
     * </pre>
     */
    public dev.callme.v1.RenewResponse renew(dev.callme.v1.RenewRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getRenewMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Reads a lease, at least 24 h beyond its end. By its lease_token it is a sign of life, and claims an OFFERED lease; by a key it only looks.
     * </pre>
     */
    public dev.callme.v1.GetLeaseResponse getLease(dev.callme.v1.GetLeaseRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetLeaseMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Tells whether a fencing token belongs to a lease that is HELD now. For deploy scripts, just before they touch the environment.
     * </pre>
     */
    public dev.callme.v1.CheckFenceResponse checkFence(dev.callme.v1.CheckFenceRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getCheckFenceMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Follows an environment, a pool, or all that the caller sees: a SNAPSHOT, then each CHANGE in commit order, and a HEARTBEAT at least every
     * 15 s.
     * </pre>
     */
    public java.util.Iterator<dev.callme.v1.WatchEnvironmentResponse> watchEnvironment(
        dev.callme.v1.WatchEnvironmentRequest request) {
      return io.grpc.stub.ClientCalls.blockingServerStreamingCall(
          getChannel(), getWatchEnvironmentMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Follows one lease until it has ended. By its lease_token an open stream is a continuous sign of life, and claims an offer; by a key it only
     * looks.
     * </pre>
     */
    public java.util.Iterator<dev.callme.v1.WatchLeaseResponse> watchLease(
        dev.callme.v1.WatchLeaseRequest request) {
      return io.grpc.stub.ClientCalls.blockingServerStreamingCall(
          getChannel(), getWatchLeaseMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do ListenableFuture-style rpc calls to service LockService.
   * <pre>
   * All that a CI job needs. `{"environment":"uat"}` is a complete Check, Acquire, Release and WatchEnvironment request.
   * Every error carries a google.rpc.ErrorInfo (domain "call-me", a stable reason); bad input also carries a
   * google.rpc.BadRequest with field paths, and what may be tried again a google.rpc.RetryInfo.
   * </pre>
   */
  public static final class LockServiceFutureStub
      extends io.grpc.stub.AbstractFutureStub<LockServiceFutureStub> {
    private LockServiceFutureStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected LockServiceFutureStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new LockServiceFutureStub(channel, callOptions);
    }

    /**
     * <pre>
     * Tells whether an environment, or a pool, is free, who is on it and how many wait. Creates nothing.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.callme.v1.CheckResponse> check(
        dev.callme.v1.CheckRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getCheckMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Asks for one or several environments, all or nothing. The answer is a lease: HELD at once, or QUEUED in a fair line, or ENDED as
     * UNSATISFIABLE; with IF_BUSY_FAIL it is HELD, or an error. A retry with the same request_id gives the same lease and lease_token, never
     * a second one.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.callme.v1.AcquireResponse> acquire(
        dev.callme.v1.AcquireRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getAcquireMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Gives a lease back, or withdraws one that waits. By lease id it is idempotent and never touches a successor. By environment it ends only
     * what the caller can mean: see ReleaseRequest.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.callme.v1.ReleaseResponse> release(
        dev.callme.v1.ReleaseRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getReleaseMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Extends a HELD lease: expires_at = max(old, min(now + ttl, granted_at + max_hold)). A sign of life for one that waits.
     * An ended lease is failed_precondition; its end_reason is in the ErrorInfo.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.callme.v1.RenewResponse> renew(
        dev.callme.v1.RenewRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getRenewMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Reads a lease, at least 24 h beyond its end. By its lease_token it is a sign of life, and claims an OFFERED lease; by a key it only looks.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.callme.v1.GetLeaseResponse> getLease(
        dev.callme.v1.GetLeaseRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetLeaseMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Tells whether a fencing token belongs to a lease that is HELD now. For deploy scripts, just before they touch the environment.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.callme.v1.CheckFenceResponse> checkFence(
        dev.callme.v1.CheckFenceRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getCheckFenceMethod(), getCallOptions()), request);
    }
  }

  private static final int METHODID_CHECK = 0;
  private static final int METHODID_ACQUIRE = 1;
  private static final int METHODID_RELEASE = 2;
  private static final int METHODID_RENEW = 3;
  private static final int METHODID_GET_LEASE = 4;
  private static final int METHODID_CHECK_FENCE = 5;
  private static final int METHODID_WATCH_ENVIRONMENT = 6;
  private static final int METHODID_WATCH_LEASE = 7;

  private static final class MethodHandlers<Req, Resp> implements
      io.grpc.stub.ServerCalls.UnaryMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.ServerStreamingMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.ClientStreamingMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.BidiStreamingMethod<Req, Resp> {
    private final AsyncService serviceImpl;
    private final int methodId;

    MethodHandlers(AsyncService serviceImpl, int methodId) {
      this.serviceImpl = serviceImpl;
      this.methodId = methodId;
    }

    @java.lang.Override
    @java.lang.SuppressWarnings("unchecked")
    public void invoke(Req request, io.grpc.stub.StreamObserver<Resp> responseObserver) {
      switch (methodId) {
        case METHODID_CHECK:
          serviceImpl.check((dev.callme.v1.CheckRequest) request,
              (io.grpc.stub.StreamObserver<dev.callme.v1.CheckResponse>) responseObserver);
          break;
        case METHODID_ACQUIRE:
          serviceImpl.acquire((dev.callme.v1.AcquireRequest) request,
              (io.grpc.stub.StreamObserver<dev.callme.v1.AcquireResponse>) responseObserver);
          break;
        case METHODID_RELEASE:
          serviceImpl.release((dev.callme.v1.ReleaseRequest) request,
              (io.grpc.stub.StreamObserver<dev.callme.v1.ReleaseResponse>) responseObserver);
          break;
        case METHODID_RENEW:
          serviceImpl.renew((dev.callme.v1.RenewRequest) request,
              (io.grpc.stub.StreamObserver<dev.callme.v1.RenewResponse>) responseObserver);
          break;
        case METHODID_GET_LEASE:
          serviceImpl.getLease((dev.callme.v1.GetLeaseRequest) request,
              (io.grpc.stub.StreamObserver<dev.callme.v1.GetLeaseResponse>) responseObserver);
          break;
        case METHODID_CHECK_FENCE:
          serviceImpl.checkFence((dev.callme.v1.CheckFenceRequest) request,
              (io.grpc.stub.StreamObserver<dev.callme.v1.CheckFenceResponse>) responseObserver);
          break;
        case METHODID_WATCH_ENVIRONMENT:
          serviceImpl.watchEnvironment((dev.callme.v1.WatchEnvironmentRequest) request,
              (io.grpc.stub.StreamObserver<dev.callme.v1.WatchEnvironmentResponse>) responseObserver);
          break;
        case METHODID_WATCH_LEASE:
          serviceImpl.watchLease((dev.callme.v1.WatchLeaseRequest) request,
              (io.grpc.stub.StreamObserver<dev.callme.v1.WatchLeaseResponse>) responseObserver);
          break;
        default:
          throw new AssertionError();
      }
    }

    @java.lang.Override
    @java.lang.SuppressWarnings("unchecked")
    public io.grpc.stub.StreamObserver<Req> invoke(
        io.grpc.stub.StreamObserver<Resp> responseObserver) {
      switch (methodId) {
        default:
          throw new AssertionError();
      }
    }
  }

  public static final io.grpc.ServerServiceDefinition bindService(AsyncService service) {
    return io.grpc.ServerServiceDefinition.builder(getServiceDescriptor())
        .addMethod(
          getCheckMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.callme.v1.CheckRequest,
              dev.callme.v1.CheckResponse>(
                service, METHODID_CHECK)))
        .addMethod(
          getAcquireMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.callme.v1.AcquireRequest,
              dev.callme.v1.AcquireResponse>(
                service, METHODID_ACQUIRE)))
        .addMethod(
          getReleaseMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.callme.v1.ReleaseRequest,
              dev.callme.v1.ReleaseResponse>(
                service, METHODID_RELEASE)))
        .addMethod(
          getRenewMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.callme.v1.RenewRequest,
              dev.callme.v1.RenewResponse>(
                service, METHODID_RENEW)))
        .addMethod(
          getGetLeaseMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.callme.v1.GetLeaseRequest,
              dev.callme.v1.GetLeaseResponse>(
                service, METHODID_GET_LEASE)))
        .addMethod(
          getCheckFenceMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.callme.v1.CheckFenceRequest,
              dev.callme.v1.CheckFenceResponse>(
                service, METHODID_CHECK_FENCE)))
        .addMethod(
          getWatchEnvironmentMethod(),
          io.grpc.stub.ServerCalls.asyncServerStreamingCall(
            new MethodHandlers<
              dev.callme.v1.WatchEnvironmentRequest,
              dev.callme.v1.WatchEnvironmentResponse>(
                service, METHODID_WATCH_ENVIRONMENT)))
        .addMethod(
          getWatchLeaseMethod(),
          io.grpc.stub.ServerCalls.asyncServerStreamingCall(
            new MethodHandlers<
              dev.callme.v1.WatchLeaseRequest,
              dev.callme.v1.WatchLeaseResponse>(
                service, METHODID_WATCH_LEASE)))
        .build();
  }

  private static abstract class LockServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoFileDescriptorSupplier, io.grpc.protobuf.ProtoServiceDescriptorSupplier {
    LockServiceBaseDescriptorSupplier() {}

    @java.lang.Override
    public com.google.protobuf.Descriptors.FileDescriptor getFileDescriptor() {
      return dev.callme.v1.LockServiceProto.getDescriptor();
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.ServiceDescriptor getServiceDescriptor() {
      return getFileDescriptor().findServiceByName("LockService");
    }
  }

  private static final class LockServiceFileDescriptorSupplier
      extends LockServiceBaseDescriptorSupplier {
    LockServiceFileDescriptorSupplier() {}
  }

  private static final class LockServiceMethodDescriptorSupplier
      extends LockServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoMethodDescriptorSupplier {
    private final java.lang.String methodName;

    LockServiceMethodDescriptorSupplier(java.lang.String methodName) {
      this.methodName = methodName;
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.MethodDescriptor getMethodDescriptor() {
      return getServiceDescriptor().findMethodByName(methodName);
    }
  }

  private static volatile io.grpc.ServiceDescriptor serviceDescriptor;

  public static io.grpc.ServiceDescriptor getServiceDescriptor() {
    io.grpc.ServiceDescriptor result = serviceDescriptor;
    if (result == null) {
      synchronized (LockServiceGrpc.class) {
        result = serviceDescriptor;
        if (result == null) {
          serviceDescriptor = result = io.grpc.ServiceDescriptor.newBuilder(SERVICE_NAME)
              .setSchemaDescriptor(new LockServiceFileDescriptorSupplier())
              .addMethod(getCheckMethod())
              .addMethod(getAcquireMethod())
              .addMethod(getReleaseMethod())
              .addMethod(getRenewMethod())
              .addMethod(getGetLeaseMethod())
              .addMethod(getCheckFenceMethod())
              .addMethod(getWatchEnvironmentMethod())
              .addMethod(getWatchLeaseMethod())
              .build();
        }
      }
    }
    return result;
  }
}
