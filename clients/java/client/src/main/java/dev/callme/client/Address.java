package dev.callme.client;

import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannelBuilder;
import java.net.URI;

/** Where a server is, as an http(s) address says it, and the key that opens it. */
final class Address {
  private Address() {}

  /** A channel to it: in clear text for http, over TLS for https. */
  static ManagedChannelBuilder<?> channelTo(String url) {
    URI uri;
    try {
      uri = URI.create(url.strip());
    } catch (IllegalArgumentException malformed) {
      throw unusable(url);
    }
    boolean tls = "https".equalsIgnoreCase(uri.getScheme());
    boolean bare = uri.getRawPath() == null || uri.getRawPath().isEmpty() || uri.getRawPath().equals("/");
    if (uri.getHost() == null || !bare || !tls && !"http".equalsIgnoreCase(uri.getScheme())) throw unusable(url);
    int port = uri.getPort() >= 0 ? uri.getPort() : tls ? 443 : 80;
    // No proxy of the environment or the JVM: it would have to let streams pass for hours.
    ChannelCredentials credentials = tls ? Certificates.of(System.getenv()) : InsecureChannelCredentials.create();
    return Grpc.newChannelBuilderForAddress(uri.getHost(), port, credentials).proxyDetector(server -> null);
  }

  /** A key as a header can carry it: files and CI systems like to end one with a line break. */
  static String key(String given) {
    String key = given.strip();
    if (key.chars().allMatch(character -> '!' <= character && character <= '~')) return key;
    throw new IllegalArgumentException("the key must be one line of visible ASCII characters, without spaces");
  }

  private static IllegalArgumentException unusable(String url) {
    return new IllegalArgumentException('"' + url + "\" is no address of a call-me server; write it like http://127.0.0.1:8000, without a path");
  }
}
