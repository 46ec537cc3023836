package dev.callme.v1;

import static io.grpc.MethodDescriptor.generateFullMethodName;

/**
 * <pre>
 * For the operators of the environments. A lease_token suffices for GetEnvironment of the environments that its lease names, while it lives.
 * </pre>
 */
@io.grpc.stub.annotations.GrpcGenerated
public final class EnvironmentServiceGrpc {

  private EnvironmentServiceGrpc() {}

  public static final java.lang.String SERVICE_NAME = "callme.v1.EnvironmentService";

  // Static method descriptors that strictly reflect the proto.
  private static volatile io.grpc.MethodDescriptor<dev.callme.v1.ListEnvironmentsRequest,
      dev.callme.v1.ListEnvironmentsResponse> getListEnvironmentsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListEnvironments",
      requestType = dev.callme.v1.ListEnvironmentsRequest.class,
      responseType = dev.callme.v1.ListEnvironmentsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.callme.v1.ListEnvironmentsRequest,
      dev.callme.v1.ListEnvironmentsResponse> getListEnvironmentsMethod() {
    io.grpc.MethodDescriptor<dev.callme.v1.ListEnvironmentsRequest, dev.callme.v1.ListEnvironmentsResponse> getListEnvironmentsMethod;
    if ((getListEnvironmentsMethod = EnvironmentServiceGrpc.getListEnvironmentsMethod) == null) {
      synchronized (EnvironmentServiceGrpc.class) {
        if ((getListEnvironmentsMethod = EnvironmentServiceGrpc.getListEnvironmentsMethod) == null) {
          EnvironmentServiceGrpc.getListEnvironmentsMethod = getListEnvironmentsMethod =
              io.grpc.MethodDescriptor.<dev.callme.v1.ListEnvironmentsRequest, dev.callme.v1.ListEnvironmentsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListEnvironments"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.callme.v1.ListEnvironmentsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.callme.v1.ListEnvironmentsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new EnvironmentServiceMethodDescriptorSupplier("ListEnvironments"))
              .build();
        }
      }
    }
    return getListEnvironmentsMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.callme.v1.GetEnvironmentRequest,
      dev.callme.v1.GetEnvironmentResponse> getGetEnvironmentMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetEnvironment",
      requestType = dev.callme.v1.GetEnvironmentRequest.class,
      responseType = dev.callme.v1.GetEnvironmentResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.callme.v1.GetEnvironmentRequest,
      dev.callme.v1.GetEnvironmentResponse> getGetEnvironmentMethod() {
    io.grpc.MethodDescriptor<dev.callme.v1.GetEnvironmentRequest, dev.callme.v1.GetEnvironmentResponse> getGetEnvironmentMethod;
    if ((getGetEnvironmentMethod = EnvironmentServiceGrpc.getGetEnvironmentMethod) == null) {
      synchronized (EnvironmentServiceGrpc.class) {
        if ((getGetEnvironmentMethod = EnvironmentServiceGrpc.getGetEnvironmentMethod) == null) {
          EnvironmentServiceGrpc.getGetEnvironmentMethod = getGetEnvironmentMethod =
              io.grpc.MethodDescriptor.<dev.callme.v1.GetEnvironmentRequest, dev.callme.v1.GetEnvironmentResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetEnvironment"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.callme.v1.GetEnvironmentRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.callme.v1.GetEnvironmentResponse.getDefaultInstance()))
              .setSchemaDescriptor(new EnvironmentServiceMethodDescriptorSupplier("GetEnvironment"))
              .build();
        }
      }
    }
    return getGetEnvironmentMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.callme.v1.ApplyEnvironmentsRequest,
      dev.callme.v1.ApplyEnvironmentsResponse> getApplyEnvironmentsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ApplyEnvironments",
      requestType = dev.callme.v1.ApplyEnvironmentsRequest.class,
      responseType = dev.callme.v1.ApplyEnvironmentsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.callme.v1.ApplyEnvironmentsRequest,
      dev.callme.v1.ApplyEnvironmentsResponse> getApplyEnvironmentsMethod() {
    io.grpc.MethodDescriptor<dev.callme.v1.ApplyEnvironmentsRequest, dev.callme.v1.ApplyEnvironmentsResponse> getApplyEnvironmentsMethod;
    if ((getApplyEnvironmentsMethod = EnvironmentServiceGrpc.getApplyEnvironmentsMethod) == null) {
      synchronized (EnvironmentServiceGrpc.class) {
        if ((getApplyEnvironmentsMethod = EnvironmentServiceGrpc.getApplyEnvironmentsMethod) == null) {
          EnvironmentServiceGrpc.getApplyEnvironmentsMethod = getApplyEnvironmentsMethod =
              io.grpc.MethodDescriptor.<dev.callme.v1.ApplyEnvironmentsRequest, dev.callme.v1.ApplyEnvironmentsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ApplyEnvironments"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.callme.v1.ApplyEnvironmentsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.callme.v1.ApplyEnvironmentsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new EnvironmentServiceMethodDescriptorSupplier("ApplyEnvironments"))
              .build();
        }
      }
    }
    return getApplyEnvironmentsMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.callme.v1.DeleteEnvironmentRequest,
      dev.callme.v1.DeleteEnvironmentResponse> getDeleteEnvironmentMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "DeleteEnvironment",
      requestType = dev.callme.v1.DeleteEnvironmentRequest.class,
      responseType = dev.callme.v1.DeleteEnvironmentResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.callme.v1.DeleteEnvironmentRequest,
      dev.callme.v1.DeleteEnvironmentResponse> getDeleteEnvironmentMethod() {
    io.grpc.MethodDescriptor<dev.callme.v1.DeleteEnvironmentRequest, dev.callme.v1.DeleteEnvironmentResponse> getDeleteEnvironmentMethod;
    if ((getDeleteEnvironmentMethod = EnvironmentServiceGrpc.getDeleteEnvironmentMethod) == null) {
      synchronized (EnvironmentServiceGrpc.class) {
        if ((getDeleteEnvironmentMethod = EnvironmentServiceGrpc.getDeleteEnvironmentMethod) == null) {
          EnvironmentServiceGrpc.getDeleteEnvironmentMethod = getDeleteEnvironmentMethod =
              io.grpc.MethodDescriptor.<dev.callme.v1.DeleteEnvironmentRequest, dev.callme.v1.DeleteEnvironmentResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "DeleteEnvironment"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.callme.v1.DeleteEnvironmentRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.callme.v1.DeleteEnvironmentResponse.getDefaultInstance()))
              .setSchemaDescriptor(new EnvironmentServiceMethodDescriptorSupplier("DeleteEnvironment"))
              .build();
        }
      }
    }
    return getDeleteEnvironmentMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.callme.v1.SetEnvironmentStateRequest,
      dev.callme.v1.SetEnvironmentStateResponse> getSetEnvironmentStateMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "SetEnvironmentState",
      requestType = dev.callme.v1.SetEnvironmentStateRequest.class,
      responseType = dev.callme.v1.SetEnvironmentStateResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.callme.v1.SetEnvironmentStateRequest,
      dev.callme.v1.SetEnvironmentStateResponse> getSetEnvironmentStateMethod() {
    io.grpc.MethodDescriptor<dev.callme.v1.SetEnvironmentStateRequest, dev.callme.v1.SetEnvironmentStateResponse> getSetEnvironmentStateMethod;
    if ((getSetEnvironmentStateMethod = EnvironmentServiceGrpc.getSetEnvironmentStateMethod) == null) {
      synchronized (EnvironmentServiceGrpc.class) {
        if ((getSetEnvironmentStateMethod = EnvironmentServiceGrpc.getSetEnvironmentStateMethod) == null) {
          EnvironmentServiceGrpc.getSetEnvironmentStateMethod = getSetEnvironmentStateMethod =
              io.grpc.MethodDescriptor.<dev.callme.v1.SetEnvironmentStateRequest, dev.callme.v1.SetEnvironmentStateResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "SetEnvironmentState"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.callme.v1.SetEnvironmentStateRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.callme.v1.SetEnvironmentStateResponse.getDefaultInstance()))
              .setSchemaDescriptor(new EnvironmentServiceMethodDescriptorSupplier("SetEnvironmentState"))
              .build();
        }
      }
    }
    return getSetEnvironmentStateMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.callme.v1.AcquireForCleaningRequest,
      dev.callme.v1.AcquireForCleaningResponse> getAcquireForCleaningMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "AcquireForCleaning",
      requestType = dev.callme.v1.AcquireForCleaningRequest.class,
      responseType = dev.callme.v1.AcquireForCleaningResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.callme.v1.AcquireForCleaningRequest,
      dev.callme.v1.AcquireForCleaningResponse> getAcquireForCleaningMethod() {
    io.grpc.MethodDescriptor<dev.callme.v1.AcquireForCleaningRequest, dev.callme.v1.AcquireForCleaningResponse> getAcquireForCleaningMethod;
    if ((getAcquireForCleaningMethod = EnvironmentServiceGrpc.getAcquireForCleaningMethod) == null) {
      synchronized (EnvironmentServiceGrpc.class) {
        if ((getAcquireForCleaningMethod = EnvironmentServiceGrpc.getAcquireForCleaningMethod) == null) {
          EnvironmentServiceGrpc.getAcquireForCleaningMethod = getAcquireForCleaningMethod =
              io.grpc.MethodDescriptor.<dev.callme.v1.AcquireForCleaningRequest, dev.callme.v1.AcquireForCleaningResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "AcquireForCleaning"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.callme.v1.AcquireForCleaningRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.callme.v1.AcquireForCleaningResponse.getDefaultInstance()))
              .setSchemaDescriptor(new EnvironmentServiceMethodDescriptorSupplier("AcquireForCleaning"))
              .build();
        }
      }
    }
    return getAcquireForCleaningMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.callme.v1.ForceReleaseRequest,
      dev.callme.v1.ForceReleaseResponse> getForceReleaseMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ForceRelease",
      requestType = dev.callme.v1.ForceReleaseRequest.class,
      responseType = dev.callme.v1.ForceReleaseResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.callme.v1.ForceReleaseRequest,
      dev.callme.v1.ForceReleaseResponse> getForceReleaseMethod() {
    io.grpc.MethodDescriptor<dev.callme.v1.ForceReleaseRequest, dev.callme.v1.ForceReleaseResponse> getForceReleaseMethod;
    if ((getForceReleaseMethod = EnvironmentServiceGrpc.getForceReleaseMethod) == null) {
      synchronized (EnvironmentServiceGrpc.class) {
        if ((getForceReleaseMethod = EnvironmentServiceGrpc.getForceReleaseMethod) == null) {
          EnvironmentServiceGrpc.getForceReleaseMethod = getForceReleaseMethod =
              io.grpc.MethodDescriptor.<dev.callme.v1.ForceReleaseRequest, dev.callme.v1.ForceReleaseResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ForceRelease"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.callme.v1.ForceReleaseRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.callme.v1.ForceReleaseResponse.getDefaultInstance()))
              .setSchemaDescriptor(new EnvironmentServiceMethodDescriptorSupplier("ForceRelease"))
              .build();
        }
      }
    }
    return getForceReleaseMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.callme.v1.ListLeasesRequest,
      dev.callme.v1.ListLeasesResponse> getListLeasesMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListLeases",
      requestType = dev.callme.v1.ListLeasesRequest.class,
      responseType = dev.callme.v1.ListLeasesResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.callme.v1.ListLeasesRequest,
      dev.callme.v1.ListLeasesResponse> getListLeasesMethod() {
    io.grpc.MethodDescriptor<dev.callme.v1.ListLeasesRequest, dev.callme.v1.ListLeasesResponse> getListLeasesMethod;
    if ((getListLeasesMethod = EnvironmentServiceGrpc.getListLeasesMethod) == null) {
      synchronized (EnvironmentServiceGrpc.class) {
        if ((getListLeasesMethod = EnvironmentServiceGrpc.getListLeasesMethod) == null) {
          EnvironmentServiceGrpc.getListLeasesMethod = getListLeasesMethod =
              io.grpc.MethodDescriptor.<dev.callme.v1.ListLeasesRequest, dev.callme.v1.ListLeasesResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListLeases"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.callme.v1.ListLeasesRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.callme.v1.ListLeasesResponse.getDefaultInstance()))
              .setSchemaDescriptor(new EnvironmentServiceMethodDescriptorSupplier("ListLeases"))
              .build();
        }
      }
    }
    return getListLeasesMethod;
  }

  /**
   * Creates a new async stub that supports all call types for the service
   */
  public static EnvironmentServiceStub newStub(io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<EnvironmentServiceStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<EnvironmentServiceStub>() {
        @java.lang.Override
        public EnvironmentServiceStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new EnvironmentServiceStub(channel, callOptions);
        }
      };
    return EnvironmentServiceStub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports all types of calls on the service
   */
  public static EnvironmentServiceBlockingV2Stub newBlockingV2Stub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<EnvironmentServiceBlockingV2Stub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<EnvironmentServiceBlockingV2Stub>() {
        @java.lang.Override
        public EnvironmentServiceBlockingV2Stub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new EnvironmentServiceBlockingV2Stub(channel, callOptions);
        }
      };
    return EnvironmentServiceBlockingV2Stub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports unary and streaming output calls on the service
   */
  public static EnvironmentServiceBlockingStub newBlockingStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<EnvironmentServiceBlockingStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<EnvironmentServiceBlockingStub>() {
        @java.lang.Override
        public EnvironmentServiceBlockingStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new EnvironmentServiceBlockingStub(channel, callOptions);
        }
      };
    return EnvironmentServiceBlockingStub.newStub(factory, channel);
  }

  /**
   * Creates a new ListenableFuture-style stub that supports unary calls on the service
   */
  public static EnvironmentServiceFutureStub newFutureStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<EnvironmentServiceFutureStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<EnvironmentServiceFutureStub>() {
        @java.lang.Override
        public EnvironmentServiceFutureStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new EnvironmentServiceFutureStub(channel, callOptions);
        }
      };
    return EnvironmentServiceFutureStub.newStub(factory, channel);
  }

  /**
   * <pre>
   * For the operators of the environments. A lease_token suffices for GetEnvironment of the environments that its lease names, while it lives.
   * </pre>
   */
  public interface AsyncService {

    /**
     * <pre>
     * Lists environments by name, with their configuration and state.
     * </pre>
     */
    default void listEnvironments(dev.callme.v1.ListEnvironmentsRequest request,
        io.grpc.stub.StreamObserver<dev.callme.v1.ListEnvironmentsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListEnvironmentsMethod(), responseObserver);
    }

    /**
     * <pre>
     * Reads one environment.
     * </pre>
     */
    default void getEnvironment(dev.callme.v1.GetEnvironmentRequest request,
        io.grpc.stub.StreamObserver<dev.callme.v1.GetEnvironmentResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetEnvironmentMethod(), responseObserver);
    }

    /**
     * <pre>
     * Creates environments, or replaces the configuration of existing ones, never their state or leases. The whole set is one
     * transaction: all of it or, with an error, nothing. A smaller capacity lets present holders finish. The request may be 4 MiB large.
     * </pre>
     */
    default void applyEnvironments(dev.callme.v1.ApplyEnvironmentsRequest request,
        io.grpc.stub.StreamObserver<dev.callme.v1.ApplyEnvironmentsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getApplyEnvironmentsMethod(), responseObserver);
    }

    /**
     * <pre>
     * Removes an environment. failed_precondition while a lease is on it; those who wait for it end as UNSATISFIABLE.
     * </pre>
     */
    default void deleteEnvironment(dev.callme.v1.DeleteEnvironmentRequest request,
        io.grpc.stub.StreamObserver<dev.callme.v1.DeleteEnvironmentResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getDeleteEnvironmentMethod(), responseObserver);
    }

    /**
     * <pre>
     * Takes an environment out of service, or back into it. Who holds it may finish.
     * </pre>
     */
    default void setEnvironmentState(dev.callme.v1.SetEnvironmentStateRequest request,
        io.grpc.stub.StreamObserver<dev.callme.v1.SetEnvironmentStateResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getSetEnvironmentStateMethod(), responseObserver);
    }

    /**
     * <pre>
     * Gives an environment that is DIRTY to a cleaner, ahead of the whole line: the one that has been DIRTY for longest. It is CLEANING while
     * the lease is HELD, which lives, is renewed and released as any other. Released as OK it is AVAILABLE, as FAILED it is DIRTY again, as
     * it is where the lease expires; released as BROKEN, or not clean within `cleaning.timeout`, it is QUARANTINED. Nothing DIRTY: not_found.
     * </pre>
     */
    default void acquireForCleaning(dev.callme.v1.AcquireForCleaningRequest request,
        io.grpc.stub.StreamObserver<dev.callme.v1.AcquireForCleaningResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getAcquireForCleaningMethod(), responseObserver);
    }

    /**
     * <pre>
     * Ends somebody else's lease, on the record. By id, so that it can never hit a successor. The slots rest for lock_delay.
     * </pre>
     */
    default void forceRelease(dev.callme.v1.ForceReleaseRequest request,
        io.grpc.stub.StreamObserver<dev.callme.v1.ForceReleaseResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getForceReleaseMethod(), responseObserver);
    }

    /**
     * <pre>
     * Lists leases, oldest first; ended ones at least 24 h beyond their end.
     * </pre>
     */
    default void listLeases(dev.callme.v1.ListLeasesRequest request,
        io.grpc.stub.StreamObserver<dev.callme.v1.ListLeasesResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListLeasesMethod(), responseObserver);
    }
  }

  /**
   * Base class for the server implementation of the service EnvironmentService.
   * <pre>
   * For the operators of the environments. A lease_token suffices for GetEnvironment of the environments that its lease names, while it lives.
   * </pre>
   */
  public static abstract class EnvironmentServiceImplBase
      implements io.grpc.BindableService, AsyncService {

    @java.lang.Override public final io.grpc.ServerServiceDefinition bindService() {
      return EnvironmentServiceGrpc.bindService(this);
    }
  }

  /**
   * A stub to allow clients to do asynchronous rpc calls to service EnvironmentService.
   * <pre>
   * For the operators of the environments. A lease_token suffices for GetEnvironment of the environments that its lease names, while it lives.
   * </pre>
   */
  public static final class EnvironmentServiceStub
      extends io.grpc.stub.AbstractAsyncStub<EnvironmentServiceStub> {
    private EnvironmentServiceStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected EnvironmentServiceStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new EnvironmentServiceStub(channel, callOptions);
    }

    /**
     * <pre>
     * Lists environments by name, with their configuration and state.
     * </pre>
     */
    public void listEnvironments(dev.callme.v1.ListEnvironmentsRequest request,
        io.grpc.stub.StreamObserver<dev.callme.v1.ListEnvironmentsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListEnvironmentsMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Reads one environment.
     * </pre>
     */
    public void getEnvironment(dev.callme.v1.GetEnvironmentRequest request,
        io.grpc.stub.StreamObserver<dev.callme.v1.GetEnvironmentResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetEnvironmentMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Creates environments, or replaces the configuration of existing ones, never their state or leases. The whole set is one
     * transaction: all of it or, with an error, nothing. A smaller capacity lets present holders finish. The request may be 4 MiB large.
     * </pre>
     */
    public void applyEnvironments(dev.callme.v1.ApplyEnvironmentsRequest request,
        io.grpc.stub.StreamObserver<dev.callme.v1.ApplyEnvironmentsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getApplyEnvironmentsMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Removes an environment. failed_precondition while a lease is on it; those who wait for it end as UNSATISFIABLE.
     * </pre>
     */
    public void deleteEnvironment(dev.callme.v1.DeleteEnvironmentRequest request,
        io.grpc.stub.StreamObserver<dev.callme.v1.DeleteEnvironmentResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getDeleteEnvironmentMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Takes an environment out of service, or back into it. Who holds it may finish.
     * </pre>
     */
    public void setEnvironmentState(dev.callme.v1.SetEnvironmentStateRequest request,
        io.grpc.stub.StreamObserver<dev.callme.v1.SetEnvironmentStateResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getSetEnvironmentStateMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Gives an environment that is DIRTY to a cleaner, ahead of the whole line: the one that has been DIRTY for longest. It is CLEANING while
     * the lease is HELD, which lives, is renewed and released as any other. Released as OK it is AVAILABLE, as FAILED it is DIRTY again, as
     * it is where the lease expires; released as BROKEN, or not clean within `cleaning.timeout`, it is QUARANTINED. Nothing DIRTY: not_found.
     * </pre>
     */
    public void acquireForCleaning(dev.callme.v1.AcquireForCleaningRequest request,
        io.grpc.stub.StreamObserver<dev.callme.v1.AcquireForCleaningResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getAcquireForCleaningMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Ends somebody else's lease, on the record. By id, so that it can never hit a successor. The slots rest for lock_delay.
     * </pre>
     */
    public void forceRelease(dev.callme.v1.ForceReleaseRequest request,
        io.grpc.stub.StreamObserver<dev.callme.v1.ForceReleaseResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getForceReleaseMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Lists leases, oldest first; ended ones at least 24 h beyond their end.
     * </pre>
     */
    public void listLeases(dev.callme.v1.ListLeasesRequest request,
        io.grpc.stub.StreamObserver<dev.callme.v1.ListLeasesResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListLeasesMethod(), getCallOptions()), request, responseObserver);
    }
  }

  /**
   * A stub to allow clients to do synchronous rpc calls to service EnvironmentService.
   * <pre>
   * For the operators of the environments. A lease_token suffices for GetEnvironment of the environments that its lease names, while it lives.
   * </pre>
   */
  public static final class EnvironmentServiceBlockingV2Stub
      extends io.grpc.stub.AbstractBlockingStub<EnvironmentServiceBlockingV2Stub> {
    private EnvironmentServiceBlockingV2Stub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected EnvironmentServiceBlockingV2Stub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new EnvironmentServiceBlockingV2Stub(channel, callOptions);
    }

    /**
     * <pre>
     * Lists environments by name, with their configuration and state.
     * </pre>
     */
    public dev.callme.v1.ListEnvironmentsResponse listEnvironments(dev.callme.v1.ListEnvironmentsRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListEnvironmentsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Reads one environment.
     * </pre>
     */
    public dev.callme.v1.GetEnvironmentResponse getEnvironment(dev.callme.v1.GetEnvironmentRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetEnvironmentMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Creates environments, or replaces the configuration of existing ones, never their state or leases. The whole set is one
     * transaction: all of it or, with an error, nothing. A smaller capacity lets present holders finish. The request may be 4 MiB large.
     * </pre>
     */
    public dev.callme.v1.ApplyEnvironmentsResponse applyEnvironments(dev.callme.v1.ApplyEnvironmentsRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getApplyEnvironmentsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Removes an environment. failed_precondition while a lease is on it; those who wait for it end as UNSATISFIABLE.
     * </pre>
     */
    public dev.callme.v1.DeleteEnvironmentResponse deleteEnvironment(dev.callme.v1.DeleteEnvironmentRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getDeleteEnvironmentMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Takes an environment out of service, or back into it. Who holds it may finish.
     * </pre>
     */
    public dev.callme.v1.SetEnvironmentStateResponse setEnvironmentState(dev.callme.v1.SetEnvironmentStateRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getSetEnvironmentStateMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Gives an environment that is DIRTY to a cleaner, ahead of the whole line: the one that has been DIRTY for longest. It is CLEANING while
     * the lease is HELD, which lives, is renewed and released as any other. Released as OK it is AVAILABLE, as FAILED it is DIRTY again, as
     * it is where the lease expires; released as BROKEN, or not clean within `cleaning.timeout`, it is QUARANTINED. Nothing DIRTY: not_found.
     * </pre>
     */
    public dev.callme.v1.AcquireForCleaningResponse acquireForCleaning(dev.callme.v1.AcquireForCleaningRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getAcquireForCleaningMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Ends somebody else's lease, on the record. By id, so that it can never hit a successor. The slots rest for lock_delay.
     * </pre>
     */
    public dev.callme.v1.ForceReleaseResponse forceRelease(dev.callme.v1.ForceReleaseRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getForceReleaseMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists leases, oldest first; ended ones at least 24 h beyond their end.
     * </pre>
     */
    public dev.callme.v1.ListLeasesResponse listLeases(dev.callme.v1.ListLeasesRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListLeasesMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do limited synchronous rpc calls to service EnvironmentService.
   * <pre>
   * For the operators of the environments. A lease_token suffices for GetEnvironment of the environments that its lease names, while it lives.
   * </pre>
   */
  public static final class EnvironmentServiceBlockingStub
      extends io.grpc.stub.AbstractBlockingStub<EnvironmentServiceBlockingStub> {
    private EnvironmentServiceBlockingStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected EnvironmentServiceBlockingStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new EnvironmentServiceBlockingStub(channel, callOptions);
    }

    /**
     * <pre>
     * Lists environments by name, with their configuration and state.
     * </pre>
     */
    public dev.callme.v1.ListEnvironmentsResponse listEnvironments(dev.callme.v1.ListEnvironmentsRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListEnvironmentsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Reads one environment.
     * </pre>
     */
    public dev.callme.v1.GetEnvironmentResponse getEnvironment(dev.callme.v1.GetEnvironmentRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetEnvironmentMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Creates environments, or replaces the configuration of existing ones, never their state or leases. The whole set is one
     * transaction: all of it or, with an error, nothing. A smaller capacity lets present holders finish. The request may be 4 MiB large.
     * </pre>
     */
    public dev.callme.v1.ApplyEnvironmentsResponse applyEnvironments(dev.callme.v1.ApplyEnvironmentsRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getApplyEnvironmentsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Removes an environment. failed_precondition while a lease is on it; those who wait for it end as UNSATISFIABLE.
     * </pre>
     */
    public dev.callme.v1.DeleteEnvironmentResponse deleteEnvironment(dev.callme.v1.DeleteEnvironmentRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getDeleteEnvironmentMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Takes an environment out of service, or back into it. Who holds it may finish.
     * </pre>
     */
    public dev.callme.v1.SetEnvironmentStateResponse setEnvironmentState(dev.callme.v1.SetEnvironmentStateRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getSetEnvironmentStateMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Gives an environment that is DIRTY to a cleaner, ahead of the whole line: the one that has been DIRTY for longest. It is CLEANING while
     * the lease is HELD, which lives, is renewed and released as any other. Released as OK it is AVAILABLE, as FAILED it is DIRTY again, as
     * it is where the lease expires; released as BROKEN, or not clean within `cleaning.timeout`, it is QUARANTINED. Nothing DIRTY: not_found.
     * </pre>
     */
    public dev.callme.v1.AcquireForCleaningResponse acquireForCleaning(dev.callme.v1.AcquireForCleaningRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getAcquireForCleaningMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Ends somebody else's lease, on the record. By id, so that it can never hit a successor. The slots rest for lock_delay.
     * </pre>
     */
    public dev.callme.v1.ForceReleaseResponse forceRelease(dev.callme.v1.ForceReleaseRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getForceReleaseMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists leases, oldest first; ended ones at least 24 h beyond their end.
     * </pre>
     */
    public dev.callme.v1.ListLeasesResponse listLeases(dev.callme.v1.ListLeasesRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListLeasesMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do ListenableFuture-style rpc calls to service EnvironmentService.
   * <pre>
   * For the operators of the environments. A lease_token suffices for GetEnvironment of the environments that its lease names, while it lives.
   * </pre>
   */
  public static final class EnvironmentServiceFutureStub
      extends io.grpc.stub.AbstractFutureStub<EnvironmentServiceFutureStub> {
    private EnvironmentServiceFutureStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected EnvironmentServiceFutureStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new EnvironmentServiceFutureStub(channel, callOptions);
    }

    /**
     * <pre>
     * Lists environments by name, with their configuration and state.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.callme.v1.ListEnvironmentsResponse> listEnvironments(
        dev.callme.v1.ListEnvironmentsRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListEnvironmentsMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Reads one environment.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.callme.v1.GetEnvironmentResponse> getEnvironment(
        dev.callme.v1.GetEnvironmentRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetEnvironmentMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Creates environments, or replaces the configuration of existing ones, never their state or leases. The whole set is one
     * transaction: all of it or, with an error, nothing. A smaller capacity lets present holders finish. The request may be 4 MiB large.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.callme.v1.ApplyEnvironmentsResponse> applyEnvironments(
        dev.callme.v1.ApplyEnvironmentsRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getApplyEnvironmentsMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Removes an environment. failed_precondition while a lease is on it; those who wait for it end as UNSATISFIABLE.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.callme.v1.DeleteEnvironmentResponse> deleteEnvironment(
        dev.callme.v1.DeleteEnvironmentRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getDeleteEnvironmentMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Takes an environment out of service, or back into it. Who holds it may finish.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.callme.v1.SetEnvironmentStateResponse> setEnvironmentState(
        dev.callme.v1.SetEnvironmentStateRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getSetEnvironmentStateMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Gives an environment that is DIRTY to a cleaner, ahead of the whole line: the one that has been DIRTY for longest. It is CLEANING while
     * the lease is HELD, which lives, is renewed and released as any other. Released as OK it is AVAILABLE, as FAILED it is DIRTY again, as
     * it is where the lease expires; released as BROKEN, or not clean within `cleaning.timeout`, it is QUARANTINED. Nothing DIRTY: not_found.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.callme.v1.AcquireForCleaningResponse> acquireForCleaning(
        dev.callme.v1.AcquireForCleaningRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getAcquireForCleaningMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Ends somebody else's lease, on the record. By id, so that it can never hit a successor. The slots rest for lock_delay.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.callme.v1.ForceReleaseResponse> forceRelease(
        dev.callme.v1.ForceReleaseRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getForceReleaseMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Lists leases, oldest first; ended ones at least 24 h beyond their end.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.callme.v1.ListLeasesResponse> listLeases(
        dev.callme.v1.ListLeasesRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListLeasesMethod(), getCallOptions()), request);
    }
  }

  private static final int METHODID_LIST_ENVIRONMENTS = 0;
  private static final int METHODID_GET_ENVIRONMENT = 1;
  private static final int METHODID_APPLY_ENVIRONMENTS = 2;
  private static final int METHODID_DELETE_ENVIRONMENT = 3;
  private static final int METHODID_SET_ENVIRONMENT_STATE = 4;
  private static final int METHODID_ACQUIRE_FOR_CLEANING = 5;
  private static final int METHODID_FORCE_RELEASE = 6;
  private static final int METHODID_LIST_LEASES = 7;

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
        case METHODID_LIST_ENVIRONMENTS:
          serviceImpl.listEnvironments((dev.callme.v1.ListEnvironmentsRequest) request,
              (io.grpc.stub.StreamObserver<dev.callme.v1.ListEnvironmentsResponse>) responseObserver);
          break;
        case METHODID_GET_ENVIRONMENT:
          serviceImpl.getEnvironment((dev.callme.v1.GetEnvironmentRequest) request,
              (io.grpc.stub.StreamObserver<dev.callme.v1.GetEnvironmentResponse>) responseObserver);
          break;
        case METHODID_APPLY_ENVIRONMENTS:
          serviceImpl.applyEnvironments((dev.callme.v1.ApplyEnvironmentsRequest) request,
              (io.grpc.stub.StreamObserver<dev.callme.v1.ApplyEnvironmentsResponse>) responseObserver);
          break;
        case METHODID_DELETE_ENVIRONMENT:
          serviceImpl.deleteEnvironment((dev.callme.v1.DeleteEnvironmentRequest) request,
              (io.grpc.stub.StreamObserver<dev.callme.v1.DeleteEnvironmentResponse>) responseObserver);
          break;
        case METHODID_SET_ENVIRONMENT_STATE:
          serviceImpl.setEnvironmentState((dev.callme.v1.SetEnvironmentStateRequest) request,
              (io.grpc.stub.StreamObserver<dev.callme.v1.SetEnvironmentStateResponse>) responseObserver);
          break;
        case METHODID_ACQUIRE_FOR_CLEANING:
          serviceImpl.acquireForCleaning((dev.callme.v1.AcquireForCleaningRequest) request,
              (io.grpc.stub.StreamObserver<dev.callme.v1.AcquireForCleaningResponse>) responseObserver);
          break;
        case METHODID_FORCE_RELEASE:
          serviceImpl.forceRelease((dev.callme.v1.ForceReleaseRequest) request,
              (io.grpc.stub.StreamObserver<dev.callme.v1.ForceReleaseResponse>) responseObserver);
          break;
        case METHODID_LIST_LEASES:
          serviceImpl.listLeases((dev.callme.v1.ListLeasesRequest) request,
              (io.grpc.stub.StreamObserver<dev.callme.v1.ListLeasesResponse>) responseObserver);
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
          getListEnvironmentsMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.callme.v1.ListEnvironmentsRequest,
              dev.callme.v1.ListEnvironmentsResponse>(
                service, METHODID_LIST_ENVIRONMENTS)))
        .addMethod(
          getGetEnvironmentMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.callme.v1.GetEnvironmentRequest,
              dev.callme.v1.GetEnvironmentResponse>(
                service, METHODID_GET_ENVIRONMENT)))
        .addMethod(
          getApplyEnvironmentsMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.callme.v1.ApplyEnvironmentsRequest,
              dev.callme.v1.ApplyEnvironmentsResponse>(
                service, METHODID_APPLY_ENVIRONMENTS)))
        .addMethod(
          getDeleteEnvironmentMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.callme.v1.DeleteEnvironmentRequest,
              dev.callme.v1.DeleteEnvironmentResponse>(
                service, METHODID_DELETE_ENVIRONMENT)))
        .addMethod(
          getSetEnvironmentStateMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.callme.v1.SetEnvironmentStateRequest,
              dev.callme.v1.SetEnvironmentStateResponse>(
                service, METHODID_SET_ENVIRONMENT_STATE)))
        .addMethod(
          getAcquireForCleaningMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.callme.v1.AcquireForCleaningRequest,
              dev.callme.v1.AcquireForCleaningResponse>(
                service, METHODID_ACQUIRE_FOR_CLEANING)))
        .addMethod(
          getForceReleaseMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.callme.v1.ForceReleaseRequest,
              dev.callme.v1.ForceReleaseResponse>(
                service, METHODID_FORCE_RELEASE)))
        .addMethod(
          getListLeasesMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.callme.v1.ListLeasesRequest,
              dev.callme.v1.ListLeasesResponse>(
                service, METHODID_LIST_LEASES)))
        .build();
  }

  private static abstract class EnvironmentServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoFileDescriptorSupplier, io.grpc.protobuf.ProtoServiceDescriptorSupplier {
    EnvironmentServiceBaseDescriptorSupplier() {}

    @java.lang.Override
    public com.google.protobuf.Descriptors.FileDescriptor getFileDescriptor() {
      return dev.callme.v1.EnvironmentServiceProto.getDescriptor();
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.ServiceDescriptor getServiceDescriptor() {
      return getFileDescriptor().findServiceByName("EnvironmentService");
    }
  }

  private static final class EnvironmentServiceFileDescriptorSupplier
      extends EnvironmentServiceBaseDescriptorSupplier {
    EnvironmentServiceFileDescriptorSupplier() {}
  }

  private static final class EnvironmentServiceMethodDescriptorSupplier
      extends EnvironmentServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoMethodDescriptorSupplier {
    private final java.lang.String methodName;

    EnvironmentServiceMethodDescriptorSupplier(java.lang.String methodName) {
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
      synchronized (EnvironmentServiceGrpc.class) {
        result = serviceDescriptor;
        if (result == null) {
          serviceDescriptor = result = io.grpc.ServiceDescriptor.newBuilder(SERVICE_NAME)
              .setSchemaDescriptor(new EnvironmentServiceFileDescriptorSupplier())
              .addMethod(getListEnvironmentsMethod())
              .addMethod(getGetEnvironmentMethod())
              .addMethod(getApplyEnvironmentsMethod())
              .addMethod(getDeleteEnvironmentMethod())
              .addMethod(getSetEnvironmentStateMethod())
              .addMethod(getAcquireForCleaningMethod())
              .addMethod(getForceReleaseMethod())
              .addMethod(getListLeasesMethod())
              .build();
        }
      }
    }
    return result;
  }
}
