package dev.callme.client;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.rpc.ErrorInfo;
import com.google.rpc.Status;
import io.grpc.protobuf.StatusProto;
import java.util.Optional;

/** The stable reasons that the server gives with its errors; docs/contract.md lists them. */
public final class ErrorReason {
  private ErrorReason() {}

  /** The reason of an error of the gRPC library, for example {@code WRONG_KEY}; empty if it is none of the server's. */
  public static Optional<String> of(Throwable error) {
    return infoOf(error).map(ErrorInfo::getReason);
  }

  static Optional<ErrorInfo> infoOf(Throwable error) {
    return detailOf(error, ErrorInfo.class);
  }

  /** The first detail of this kind that the server sent with an error. */
  static <M extends Message> Optional<M> detailOf(Throwable error, Class<M> kind) {
    Status status = StatusProto.fromThrowable(error);
    if (status == null) return Optional.empty();
    for (Any detail : status.getDetailsList()) {
      if (!detail.is(kind)) continue;
      try {
        return Optional.of(detail.unpack(kind));
      } catch (InvalidProtocolBufferException malformed) {
        return Optional.empty();
      }
    }
    return Optional.empty();
  }
}
