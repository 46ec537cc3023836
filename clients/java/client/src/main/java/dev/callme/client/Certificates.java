package dev.callme.client;

import io.grpc.ChannelCredentials;
import io.grpc.TlsChannelCredentials;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** What https is spoken with: the authorities of the server's certificate, and our own certificate. */
final class Certificates {
  private static final String CA = "CALL_ME_CA";
  private static final String CERT = "CALL_ME_CLIENT_CERT";
  private static final String KEY = "CALL_ME_CLIENT_KEY";

  private Certificates() {}

  /**
   * As the PEM files say that these variables name.
   *
   * @throws IllegalArgumentException if they cannot be used
   */
  static ChannelCredentials of(Map<String, String> variables) {
    byte[] ca = read(CA, variables);
    byte[] cert = read(CERT, variables);
    byte[] key = read(KEY, variables);
    if ((cert == null) != (key == null)) throw new IllegalArgumentException(CERT + " and " + KEY + " go together: give the paths of both PEM files");
    try {
      TlsChannelCredentials.Builder credentials = TlsChannelCredentials.newBuilder();
      if (ca != null) credentials.trustManager(new ByteArrayInputStream(ca));
      if (cert != null) credentials.keyManager(new ByteArrayInputStream(cert), new ByteArrayInputStream(key));
      return credentials.build();
    } catch (IOException unread) {
      throw new IllegalArgumentException(unread);
    }
  }

  /** Null: no file is named. */
  private static byte[] read(String setting, Map<String, String> variables) {
    String file = variables.get(setting);
    if (file == null || file.isEmpty()) return null;
    try {
      return Files.readAllBytes(Path.of(file));
    } catch (IOException | RuntimeException unreadable) {
      throw new IllegalArgumentException(setting + " is " + file + ", which cannot be read: " + unreadable);
    }
  }
}
