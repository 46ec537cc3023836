package dev.callme.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.google.protobuf.Any;
import com.google.protobuf.Message;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import com.google.rpc.Status;
import io.grpc.Status.Code;
import io.grpc.protobuf.StatusProto;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Which errors of calls are tried again. */
class VerdictTest {
  private static final Set<Code> ALWAYS = EnumSet.of(Code.UNAVAILABLE, Code.DEADLINE_EXCEEDED, Code.ABORTED, Code.CANCELLED);

  @Test
  void withoutAReasonWhatBrokenCallsAreCalled() {
    assertEquals(with(EnumSet.of(Code.UNKNOWN, Code.INTERNAL, Code.DATA_LOSS)), transientWith(""));
  }

  @Test
  void withAReasonWhatPassesAnyway() {
    assertEquals(ALWAYS, transientWith("SOME_REASON"));
  }

  @Test
  void whatAFullServerRefusedForNow() {
    assertEquals(with(EnumSet.of(Code.RESOURCE_EXHAUSTED)), transientWith("SOME_REASON", RetryInfo.getDefaultInstance()));
  }

  @Test
  void neverTheAnswersToWhatWasAsked() {
    assertEquals(Set.of(), transientWith("ENVIRONMENT_BUSY", RetryInfo.getDefaultInstance()));
    assertEquals(Set.of(), transientWith("UNSATISFIABLE", RetryInfo.getDefaultInstance()));
  }

  @Test
  void nothingThatIsNoErrorOfACall() {
    assertFalse(Verdict.isTransient(new IllegalStateException("of the body")));
  }

  private static Set<Code> with(Set<Code> more) {
    more.addAll(ALWAYS);
    return more;
  }

  private static Set<Code> transientWith(String reason, Message... more) {
    Set<Code> found = EnumSet.noneOf(Code.class);
    for (Code code : Code.values()) {
      if (code != Code.OK && Verdict.isTransient(failure(code, reason, more))) found.add(code);
    }
    return found;
  }

  private static Throwable failure(Code code, String reason, Message... more) {
    Status.Builder status = Status.newBuilder().setCode(code.value());
    if (!reason.isEmpty()) status.addDetails(Any.pack(ErrorInfo.newBuilder().setDomain("call-me").setReason(reason).build()));
    for (Message detail : more) status.addDetails(Any.pack(detail));
    return StatusProto.toStatusRuntimeException(status.build());
  }
}
