package dev.callme.v1;

import static io.grpc.MethodDescriptor.generateFullMethodName;

/**
 * <pre>
 * What happened, and how much the environments are used. What it tells is kept for 90 days, unless the server is told otherwise.
 * </pre>
 */
@io.grpc.stub.annotations.GrpcGenerated
public final class InsightServiceGrpc {

  private InsightServiceGrpc() {}

  public static final java.lang.String SERVICE_NAME = "callme.v1.InsightService";

  // Static method descriptors that strictly reflect the proto.
  private static volatile io.grpc.MethodDescriptor<dev.callme.v1.ListEventsRequest,
      dev.callme.v1.ListEventsResponse> getListEventsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListEvents",
      requestType = dev.callme.v1.ListEventsRequest.class,
      responseType = dev.callme.v1.ListEventsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.callme.v1.ListEventsRequest,
      dev.callme.v1.ListEventsResponse> getListEventsMethod() {
    io.grpc.MethodDescriptor<dev.callme.v1.ListEventsRequest, dev.callme.v1.ListEventsResponse> getListEventsMethod;
    if ((getListEventsMethod = InsightServiceGrpc.getListEventsMethod) == null) {
      synchronized (InsightServiceGrpc.class) {
        if ((getListEventsMethod = InsightServiceGrpc.getListEventsMethod) == null) {
          InsightServiceGrpc.getListEventsMethod = getListEventsMethod =
              io.grpc.MethodDescriptor.<dev.callme.v1.ListEventsRequest, dev.callme.v1.ListEventsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListEvents"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.callme.v1.ListEventsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.callme.v1.ListEventsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new InsightServiceMethodDescriptorSupplier("ListEvents"))
              .build();
        }
      }
    }
    return getListEventsMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.callme.v1.GetStatsRequest,
      dev.callme.v1.GetStatsResponse> getGetStatsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetStats",
      requestType = dev.callme.v1.GetStatsRequest.class,
      responseType = dev.callme.v1.GetStatsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.callme.v1.GetStatsRequest,
      dev.callme.v1.GetStatsResponse> getGetStatsMethod() {
    io.grpc.MethodDescriptor<dev.callme.v1.GetStatsRequest, dev.callme.v1.GetStatsResponse> getGetStatsMethod;
    if ((getGetStatsMethod = InsightServiceGrpc.getGetStatsMethod) == null) {
      synchronized (InsightServiceGrpc.class) {
        if ((getGetStatsMethod = InsightServiceGrpc.getGetStatsMethod) == null) {
          InsightServiceGrpc.getGetStatsMethod = getGetStatsMethod =
              io.grpc.MethodDescriptor.<dev.callme.v1.GetStatsRequest, dev.callme.v1.GetStatsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetStats"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.callme.v1.GetStatsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.callme.v1.GetStatsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new InsightServiceMethodDescriptorSupplier("GetStats"))
              .build();
        }
      }
    }
    return getGetStatsMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.callme.v1.ListNoticesRequest,
      dev.callme.v1.ListNoticesResponse> getListNoticesMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListNotices",
      requestType = dev.callme.v1.ListNoticesRequest.class,
      responseType = dev.callme.v1.ListNoticesResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.callme.v1.ListNoticesRequest,
      dev.callme.v1.ListNoticesResponse> getListNoticesMethod() {
    io.grpc.MethodDescriptor<dev.callme.v1.ListNoticesRequest, dev.callme.v1.ListNoticesResponse> getListNoticesMethod;
    if ((getListNoticesMethod = InsightServiceGrpc.getListNoticesMethod) == null) {
      synchronized (InsightServiceGrpc.class) {
        if ((getListNoticesMethod = InsightServiceGrpc.getListNoticesMethod) == null) {
          InsightServiceGrpc.getListNoticesMethod = getListNoticesMethod =
              io.grpc.MethodDescriptor.<dev.callme.v1.ListNoticesRequest, dev.callme.v1.ListNoticesResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListNotices"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.callme.v1.ListNoticesRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.callme.v1.ListNoticesResponse.getDefaultInstance()))
              .setSchemaDescriptor(new InsightServiceMethodDescriptorSupplier("ListNotices"))
              .build();
        }
      }
    }
    return getListNoticesMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.callme.v1.RetryNoticeRequest,
      dev.callme.v1.RetryNoticeResponse> getRetryNoticeMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "RetryNotice",
      requestType = dev.callme.v1.RetryNoticeRequest.class,
      responseType = dev.callme.v1.RetryNoticeResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.callme.v1.RetryNoticeRequest,
      dev.callme.v1.RetryNoticeResponse> getRetryNoticeMethod() {
    io.grpc.MethodDescriptor<dev.callme.v1.RetryNoticeRequest, dev.callme.v1.RetryNoticeResponse> getRetryNoticeMethod;
    if ((getRetryNoticeMethod = InsightServiceGrpc.getRetryNoticeMethod) == null) {
      synchronized (InsightServiceGrpc.class) {
        if ((getRetryNoticeMethod = InsightServiceGrpc.getRetryNoticeMethod) == null) {
          InsightServiceGrpc.getRetryNoticeMethod = getRetryNoticeMethod =
              io.grpc.MethodDescriptor.<dev.callme.v1.RetryNoticeRequest, dev.callme.v1.RetryNoticeResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "RetryNotice"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.callme.v1.RetryNoticeRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.callme.v1.RetryNoticeResponse.getDefaultInstance()))
              .setSchemaDescriptor(new InsightServiceMethodDescriptorSupplier("RetryNotice"))
              .build();
        }
      }
    }
    return getRetryNoticeMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.callme.v1.DropNoticesRequest,
      dev.callme.v1.DropNoticesResponse> getDropNoticesMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "DropNotices",
      requestType = dev.callme.v1.DropNoticesRequest.class,
      responseType = dev.callme.v1.DropNoticesResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.callme.v1.DropNoticesRequest,
      dev.callme.v1.DropNoticesResponse> getDropNoticesMethod() {
    io.grpc.MethodDescriptor<dev.callme.v1.DropNoticesRequest, dev.callme.v1.DropNoticesResponse> getDropNoticesMethod;
    if ((getDropNoticesMethod = InsightServiceGrpc.getDropNoticesMethod) == null) {
      synchronized (InsightServiceGrpc.class) {
        if ((getDropNoticesMethod = InsightServiceGrpc.getDropNoticesMethod) == null) {
          InsightServiceGrpc.getDropNoticesMethod = getDropNoticesMethod =
              io.grpc.MethodDescriptor.<dev.callme.v1.DropNoticesRequest, dev.callme.v1.DropNoticesResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "DropNotices"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.callme.v1.DropNoticesRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.callme.v1.DropNoticesResponse.getDefaultInstance()))
              .setSchemaDescriptor(new InsightServiceMethodDescriptorSupplier("DropNotices"))
              .build();
        }
      }
    }
    return getDropNoticesMethod;
  }

  private static volatile io.grpc.MethodDescriptor<dev.callme.v1.TestNoticesRequest,
      dev.callme.v1.TestNoticesResponse> getTestNoticesMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "TestNotices",
      requestType = dev.callme.v1.TestNoticesRequest.class,
      responseType = dev.callme.v1.TestNoticesResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<dev.callme.v1.TestNoticesRequest,
      dev.callme.v1.TestNoticesResponse> getTestNoticesMethod() {
    io.grpc.MethodDescriptor<dev.callme.v1.TestNoticesRequest, dev.callme.v1.TestNoticesResponse> getTestNoticesMethod;
    if ((getTestNoticesMethod = InsightServiceGrpc.getTestNoticesMethod) == null) {
      synchronized (InsightServiceGrpc.class) {
        if ((getTestNoticesMethod = InsightServiceGrpc.getTestNoticesMethod) == null) {
          InsightServiceGrpc.getTestNoticesMethod = getTestNoticesMethod =
              io.grpc.MethodDescriptor.<dev.callme.v1.TestNoticesRequest, dev.callme.v1.TestNoticesResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "TestNotices"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.callme.v1.TestNoticesRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  dev.callme.v1.TestNoticesResponse.getDefaultInstance()))
              .setSchemaDescriptor(new InsightServiceMethodDescriptorSupplier("TestNotices"))
              .build();
        }
      }
    }
    return getTestNoticesMethod;
  }

  /**
   * Creates a new async stub that supports all call types for the service
   */
  public static InsightServiceStub newStub(io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<InsightServiceStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<InsightServiceStub>() {
        @java.lang.Override
        public InsightServiceStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new InsightServiceStub(channel, callOptions);
        }
      };
    return InsightServiceStub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports all types of calls on the service
   */
  public static InsightServiceBlockingV2Stub newBlockingV2Stub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<InsightServiceBlockingV2Stub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<InsightServiceBlockingV2Stub>() {
        @java.lang.Override
        public InsightServiceBlockingV2Stub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new InsightServiceBlockingV2Stub(channel, callOptions);
        }
      };
    return InsightServiceBlockingV2Stub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports unary and streaming output calls on the service
   */
  public static InsightServiceBlockingStub newBlockingStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<InsightServiceBlockingStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<InsightServiceBlockingStub>() {
        @java.lang.Override
        public InsightServiceBlockingStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new InsightServiceBlockingStub(channel, callOptions);
        }
      };
    return InsightServiceBlockingStub.newStub(factory, channel);
  }

  /**
   * Creates a new ListenableFuture-style stub that supports unary calls on the service
   */
  public static InsightServiceFutureStub newFutureStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<InsightServiceFutureStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<InsightServiceFutureStub>() {
        @java.lang.Override
        public InsightServiceFutureStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new InsightServiceFutureStub(channel, callOptions);
        }
      };
    return InsightServiceFutureStub.newStub(factory, channel);
  }

  /**
   * <pre>
   * What happened, and how much the environments are used. What it tells is kept for 90 days, unless the server is told otherwise.
   * </pre>
   */
  public interface AsyncService {

    /**
     * <pre>
     * Lists what happened, newest first. All that was committed before the call is in it. A page stays where it is while more happens.
     * </pre>
     */
    default void listEvents(dev.callme.v1.ListEventsRequest request,
        io.grpc.stub.StreamObserver<dev.callme.v1.ListEventsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListEventsMethod(), responseObserver);
    }

    /**
     * <pre>
     * Counts grants, waits and holds over a time, for each environment, pool, repository or value of a label.
     * </pre>
     */
    default void getStats(dev.callme.v1.GetStatsRequest request,
        io.grpc.stub.StreamObserver<dev.callme.v1.GetStatsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetStatsMethod(), responseObserver);
    }

    /**
     * <pre>
     * Lists the notices that were given up, newest first, and tells how the receivers of notices are doing.
     * </pre>
     */
    default void listNotices(dev.callme.v1.ListNoticesRequest request,
        io.grpc.stub.StreamObserver<dev.callme.v1.ListNoticesResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListNoticesMethod(), responseObserver);
    }

    /**
     * <pre>
     * Has a notice tried once more that was given up, or all those to a receiver, or all; behind all others to their receivers.
     * </pre>
     */
    default void retryNotice(dev.callme.v1.RetryNoticeRequest request,
        io.grpc.stub.StreamObserver<dev.callme.v1.RetryNoticeResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getRetryNoticeMethod(), responseObserver);
    }

    /**
     * <pre>
     * Forgets a notice that was given up, or all those to a receiver, or all.
     * </pre>
     */
    default void dropNotices(dev.callme.v1.DropNoticesRequest request,
        io.grpc.stub.StreamObserver<dev.callme.v1.DropNoticesResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getDropNoticesMethod(), responseObserver);
    }

    /**
     * <pre>
     * Sends a test to the receivers of rules, or to a URL that leases may name, at once, and tells what became of it.
     * </pre>
     */
    default void testNotices(dev.callme.v1.TestNoticesRequest request,
        io.grpc.stub.StreamObserver<dev.callme.v1.TestNoticesResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getTestNoticesMethod(), responseObserver);
    }
  }

  /**
   * Base class for the server implementation of the service InsightService.
   * <pre>
   * What happened, and how much the environments are used. What it tells is kept for 90 days, unless the server is told otherwise.
   * </pre>
   */
  public static abstract class InsightServiceImplBase
      implements io.grpc.BindableService, AsyncService {

    @java.lang.Override public final io.grpc.ServerServiceDefinition bindService() {
      return InsightServiceGrpc.bindService(this);
    }
  }

  /**
   * A stub to allow clients to do asynchronous rpc calls to service InsightService.
   * <pre>
   * What happened, and how much the environments are used. What it tells is kept for 90 days, unless the server is told otherwise.
   * </pre>
   */
  public static final class InsightServiceStub
      extends io.grpc.stub.AbstractAsyncStub<InsightServiceStub> {
    private InsightServiceStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected InsightServiceStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new InsightServiceStub(channel, callOptions);
    }

    /**
     * <pre>
     * Lists what happened, newest first. All that was committed before the call is in it. A page stays where it is while more happens.
     * </pre>
     */
    public void listEvents(dev.callme.v1.ListEventsRequest request,
        io.grpc.stub.StreamObserver<dev.callme.v1.ListEventsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListEventsMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Counts grants, waits and holds over a time, for each environment, pool, repository or value of a label.
     * </pre>
     */
    public void getStats(dev.callme.v1.GetStatsRequest request,
        io.grpc.stub.StreamObserver<dev.callme.v1.GetStatsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetStatsMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Lists the notices that were given up, newest first, and tells how the receivers of notices are doing.
     * </pre>
     */
    public void listNotices(dev.callme.v1.ListNoticesRequest request,
        io.grpc.stub.StreamObserver<dev.callme.v1.ListNoticesResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListNoticesMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Has a notice tried once more that was given up, or all those to a receiver, or all; behind all others to their receivers.
     * </pre>
     */
    public void retryNotice(dev.callme.v1.RetryNoticeRequest request,
        io.grpc.stub.StreamObserver<dev.callme.v1.RetryNoticeResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getRetryNoticeMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Forgets a notice that was given up, or all those to a receiver, or all.
     * </pre>
     */
    public void dropNotices(dev.callme.v1.DropNoticesRequest request,
        io.grpc.stub.StreamObserver<dev.callme.v1.DropNoticesResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getDropNoticesMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Sends a test to the receivers of rules, or to a URL that leases may name, at once, and tells what became of it.
     * </pre>
     */
    public void testNotices(dev.callme.v1.TestNoticesRequest request,
        io.grpc.stub.StreamObserver<dev.callme.v1.TestNoticesResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getTestNoticesMethod(), getCallOptions()), request, responseObserver);
    }
  }

  /**
   * A stub to allow clients to do synchronous rpc calls to service InsightService.
   * <pre>
   * What happened, and how much the environments are used. What it tells is kept for 90 days, unless the server is told otherwise.
   * </pre>
   */
  public static final class InsightServiceBlockingV2Stub
      extends io.grpc.stub.AbstractBlockingStub<InsightServiceBlockingV2Stub> {
    private InsightServiceBlockingV2Stub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected InsightServiceBlockingV2Stub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new InsightServiceBlockingV2Stub(channel, callOptions);
    }

    /**
     * <pre>
     * Lists what happened, newest first. All that was committed before the call is in it. A page stays where it is while more happens.
     * </pre>
     */
    public dev.callme.v1.ListEventsResponse listEvents(dev.callme.v1.ListEventsRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListEventsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Counts grants, waits and holds over a time, for each environment, pool, repository or value of a label.
     * </pre>
     */
    public dev.callme.v1.GetStatsResponse getStats(dev.callme.v1.GetStatsRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetStatsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists the notices that were given up, newest first, and tells how the receivers of notices are doing.
     * </pre>
     */
    public dev.callme.v1.ListNoticesResponse listNotices(dev.callme.v1.ListNoticesRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListNoticesMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Has a notice tried once more that was given up, or all those to a receiver, or all; behind all others to their receivers.
     * </pre>
     */
    public dev.callme.v1.RetryNoticeResponse retryNotice(dev.callme.v1.RetryNoticeRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getRetryNoticeMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Forgets a notice that was given up, or all those to a receiver, or all.
     * </pre>
     */
    public dev.callme.v1.DropNoticesResponse dropNotices(dev.callme.v1.DropNoticesRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getDropNoticesMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Sends a test to the receivers of rules, or to a URL that leases may name, at once, and tells what became of it.
     * </pre>
     */
    public dev.callme.v1.TestNoticesResponse testNotices(dev.callme.v1.TestNoticesRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getTestNoticesMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do limited synchronous rpc calls to service InsightService.
   * <pre>
   * What happened, and how much the environments are used. What it tells is kept for 90 days, unless the server is told otherwise.
   * </pre>
   */
  public static final class InsightServiceBlockingStub
      extends io.grpc.stub.AbstractBlockingStub<InsightServiceBlockingStub> {
    private InsightServiceBlockingStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected InsightServiceBlockingStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new InsightServiceBlockingStub(channel, callOptions);
    }

    /**
     * <pre>
     * Lists what happened, newest first. All that was committed before the call is in it. A page stays where it is while more happens.
     * </pre>
     */
    public dev.callme.v1.ListEventsResponse listEvents(dev.callme.v1.ListEventsRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListEventsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Counts grants, waits and holds over a time, for each environment, pool, repository or value of a label.
     * </pre>
     */
    public dev.callme.v1.GetStatsResponse getStats(dev.callme.v1.GetStatsRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetStatsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists the notices that were given up, newest first, and tells how the receivers of notices are doing.
     * </pre>
     */
    public dev.callme.v1.ListNoticesResponse listNotices(dev.callme.v1.ListNoticesRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListNoticesMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Has a notice tried once more that was given up, or all those to a receiver, or all; behind all others to their receivers.
     * </pre>
     */
    public dev.callme.v1.RetryNoticeResponse retryNotice(dev.callme.v1.RetryNoticeRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getRetryNoticeMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Forgets a notice that was given up, or all those to a receiver, or all.
     * </pre>
     */
    public dev.callme.v1.DropNoticesResponse dropNotices(dev.callme.v1.DropNoticesRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getDropNoticesMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Sends a test to the receivers of rules, or to a URL that leases may name, at once, and tells what became of it.
     * </pre>
     */
    public dev.callme.v1.TestNoticesResponse testNotices(dev.callme.v1.TestNoticesRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getTestNoticesMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do ListenableFuture-style rpc calls to service InsightService.
   * <pre>
   * What happened, and how much the environments are used. What it tells is kept for 90 days, unless the server is told otherwise.
   * </pre>
   */
  public static final class InsightServiceFutureStub
      extends io.grpc.stub.AbstractFutureStub<InsightServiceFutureStub> {
    private InsightServiceFutureStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected InsightServiceFutureStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new InsightServiceFutureStub(channel, callOptions);
    }

    /**
     * <pre>
     * Lists what happened, newest first. All that was committed before the call is in it. A page stays where it is while more happens.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.callme.v1.ListEventsResponse> listEvents(
        dev.callme.v1.ListEventsRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListEventsMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Counts grants, waits and holds over a time, for each environment, pool, repository or value of a label.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.callme.v1.GetStatsResponse> getStats(
        dev.callme.v1.GetStatsRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetStatsMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Lists the notices that were given up, newest first, and tells how the receivers of notices are doing.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.callme.v1.ListNoticesResponse> listNotices(
        dev.callme.v1.ListNoticesRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListNoticesMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Has a notice tried once more that was given up, or all those to a receiver, or all; behind all others to their receivers.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.callme.v1.RetryNoticeResponse> retryNotice(
        dev.callme.v1.RetryNoticeRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getRetryNoticeMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Forgets a notice that was given up, or all those to a receiver, or all.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.callme.v1.DropNoticesResponse> dropNotices(
        dev.callme.v1.DropNoticesRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getDropNoticesMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Sends a test to the receivers of rules, or to a URL that leases may name, at once, and tells what became of it.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<dev.callme.v1.TestNoticesResponse> testNotices(
        dev.callme.v1.TestNoticesRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getTestNoticesMethod(), getCallOptions()), request);
    }
  }

  private static final int METHODID_LIST_EVENTS = 0;
  private static final int METHODID_GET_STATS = 1;
  private static final int METHODID_LIST_NOTICES = 2;
  private static final int METHODID_RETRY_NOTICE = 3;
  private static final int METHODID_DROP_NOTICES = 4;
  private static final int METHODID_TEST_NOTICES = 5;

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
        case METHODID_LIST_EVENTS:
          serviceImpl.listEvents((dev.callme.v1.ListEventsRequest) request,
              (io.grpc.stub.StreamObserver<dev.callme.v1.ListEventsResponse>) responseObserver);
          break;
        case METHODID_GET_STATS:
          serviceImpl.getStats((dev.callme.v1.GetStatsRequest) request,
              (io.grpc.stub.StreamObserver<dev.callme.v1.GetStatsResponse>) responseObserver);
          break;
        case METHODID_LIST_NOTICES:
          serviceImpl.listNotices((dev.callme.v1.ListNoticesRequest) request,
              (io.grpc.stub.StreamObserver<dev.callme.v1.ListNoticesResponse>) responseObserver);
          break;
        case METHODID_RETRY_NOTICE:
          serviceImpl.retryNotice((dev.callme.v1.RetryNoticeRequest) request,
              (io.grpc.stub.StreamObserver<dev.callme.v1.RetryNoticeResponse>) responseObserver);
          break;
        case METHODID_DROP_NOTICES:
          serviceImpl.dropNotices((dev.callme.v1.DropNoticesRequest) request,
              (io.grpc.stub.StreamObserver<dev.callme.v1.DropNoticesResponse>) responseObserver);
          break;
        case METHODID_TEST_NOTICES:
          serviceImpl.testNotices((dev.callme.v1.TestNoticesRequest) request,
              (io.grpc.stub.StreamObserver<dev.callme.v1.TestNoticesResponse>) responseObserver);
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
          getListEventsMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.callme.v1.ListEventsRequest,
              dev.callme.v1.ListEventsResponse>(
                service, METHODID_LIST_EVENTS)))
        .addMethod(
          getGetStatsMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.callme.v1.GetStatsRequest,
              dev.callme.v1.GetStatsResponse>(
                service, METHODID_GET_STATS)))
        .addMethod(
          getListNoticesMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.callme.v1.ListNoticesRequest,
              dev.callme.v1.ListNoticesResponse>(
                service, METHODID_LIST_NOTICES)))
        .addMethod(
          getRetryNoticeMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.callme.v1.RetryNoticeRequest,
              dev.callme.v1.RetryNoticeResponse>(
                service, METHODID_RETRY_NOTICE)))
        .addMethod(
          getDropNoticesMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.callme.v1.DropNoticesRequest,
              dev.callme.v1.DropNoticesResponse>(
                service, METHODID_DROP_NOTICES)))
        .addMethod(
          getTestNoticesMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              dev.callme.v1.TestNoticesRequest,
              dev.callme.v1.TestNoticesResponse>(
                service, METHODID_TEST_NOTICES)))
        .build();
  }

  private static abstract class InsightServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoFileDescriptorSupplier, io.grpc.protobuf.ProtoServiceDescriptorSupplier {
    InsightServiceBaseDescriptorSupplier() {}

    @java.lang.Override
    public com.google.protobuf.Descriptors.FileDescriptor getFileDescriptor() {
      return dev.callme.v1.InsightServiceProto.getDescriptor();
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.ServiceDescriptor getServiceDescriptor() {
      return getFileDescriptor().findServiceByName("InsightService");
    }
  }

  private static final class InsightServiceFileDescriptorSupplier
      extends InsightServiceBaseDescriptorSupplier {
    InsightServiceFileDescriptorSupplier() {}
  }

  private static final class InsightServiceMethodDescriptorSupplier
      extends InsightServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoMethodDescriptorSupplier {
    private final java.lang.String methodName;

    InsightServiceMethodDescriptorSupplier(java.lang.String methodName) {
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
      synchronized (InsightServiceGrpc.class) {
        result = serviceDescriptor;
        if (result == null) {
          serviceDescriptor = result = io.grpc.ServiceDescriptor.newBuilder(SERVICE_NAME)
              .setSchemaDescriptor(new InsightServiceFileDescriptorSupplier())
              .addMethod(getListEventsMethod())
              .addMethod(getGetStatsMethod())
              .addMethod(getListNoticesMethod())
              .addMethod(getRetryNoticeMethod())
              .addMethod(getDropNoticesMethod())
              .addMethod(getTestNoticesMethod())
              .build();
        }
      }
    }
    return result;
  }
}
