package dev.callme.client;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.ErrorInfo;
import com.google.rpc.Status;
import io.grpc.protobuf.StatusProto;
import java.util.Optional;

/** The stable reasons that the server gives with its errors; docs/using.md lists them. */
public final class ErrorReason {
  private ErrorReason() {}

  /** The reason of an error of the gRPC library, for example {@code WRONG_KEY}; empty if it is none of the server's. */
  public static Optional<String> of(Throwable error) {
    return infoOf(error).map(ErrorInfo::getReason);
  }

  static Optional<ErrorInfo> infoOf(Throwable error) {
    Status status = StatusProto.fromThrowable(error);
    if (status == null) return Optional.empty();
    for (Any detail : status.getDetailsList()) {
      if (!detail.is(ErrorInfo.class)) continue;
      try {
        return Optional.of(detail.unpack(ErrorInfo.class));
      } catch (InvalidProtocolBufferException malformed) {
        return Optional.empty();
      }
    }
    return Optional.empty();
  }
}
