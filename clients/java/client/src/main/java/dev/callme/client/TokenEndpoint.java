package dev.callme.client;

import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.Proxy;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/** Where a token is asked for, as GitHub's runner has it. */
final class TokenEndpoint {
  /** How long one answer may take, in ms. */
  private static final int PATIENCE = 5_000;
  /** How much of it is read, in bytes. */
  private static final int LONGEST = 65_536;
  private static final int TRIES = 3;
  /** The longest pause before the second try, in ms; before the third it is twice as long. */
  private static final int PAUSE = 200;

  private final URI address;
  private final String key;
  /** Why it gave no token the last time. */
  private String why = "";
  private boolean refused;

  private TokenEndpoint(URI address, String key) {
    this.address = address;
    this.key = key;
  }

  /** A token. Throws an error with a {@link TokenTrouble}. */
  static IdToken ask(String url, String key, String audience, String remedy) {
    TokenEndpoint endpoint;
    try {
      String more = (url.contains("?") ? "&" : "?") + "audience=" + URLEncoder.encode(audience, StandardCharsets.UTF_8);
      endpoint = new TokenEndpoint(URI.create(url + more), key);
    } catch (IllegalArgumentException malformed) {
      throw TokenTrouble.missing("no token from GitHub Actions: ACTIONS_ID_TOKEN_REQUEST_URL is no http(s) address. " + remedy);
    }
    for (int attempt = 1; attempt <= TRIES; attempt++) {
      IdToken token = endpoint.askOnce();
      if (token != null) return token;
      if (endpoint.refused) throw TokenTrouble.missing("no token from GitHub Actions: its endpoint " + endpoint.why + ". " + remedy);
      if (attempt < TRIES) pause(PAUSE * attempt);
    }
    throw TokenTrouble.outOfReach("no token from GitHub Actions: its endpoint " + endpoint.why + ". Try again later");
  }

  /** Null: see why. */
  private IdToken askOnce() {
    try {
      // By no proxy of the JVM or the environment, and it follows no redirect.
      HttpURLConnection connection = (HttpURLConnection) address.toURL().openConnection(Proxy.NO_PROXY);
      connection.setInstanceFollowRedirects(false);
      connection.setConnectTimeout(PATIENCE);
      connection.setReadTimeout(PATIENCE);
      connection.setRequestProperty("Authorization", "Bearer " + key);
      connection.setRequestProperty("Accept", "application/json");
      connection.setRequestProperty("User-Agent", "call-me-java");
      // However slowly it comes: the timeouts are for each piece.
      CompletableFuture.delayedExecutor(PATIENCE, TimeUnit.MILLISECONDS).execute(connection::disconnect);
      try {
        int status = connection.getResponseCode();
        if (status >= 200 && status < 300) return read(connection.getInputStream());
        refused = status < 500 && status != 408 && status != 429;
        return without("refused it (" + status + ")");
      } finally {
        connection.disconnect();
      }
    } catch (IOException | ClassCastException | IllegalArgumentException unreachable) {
      return without("gives no answer (" + unreachable.getClass().getSimpleName() + ")");
    }
  }

  private IdToken read(InputStream body) throws IOException {
    StringBuilder text = new StringBuilder();
    byte[] some = new byte[8_192];
    for (int length = body.read(some); length >= 0; length = body.read(some)) {
      text.append(new String(some, 0, length, StandardCharsets.ISO_8859_1));
      if (text.length() > LONGEST) return without("has an answer of more than " + LONGEST + " bytes");
    }
    Map<?, ?> told = Json.objectIn(text.toString());
    Object value = told == null ? null : told.get("value");
    IdToken token = value instanceof String ? IdToken.of((String) value) : null;
    return token != null ? token : without("has no token in its answer");
  }

  private IdToken without(String reason) {
    why = reason;
    return null;
  }

  private static void pause(int longest) {
    try {
      Thread.sleep(ThreadLocalRandom.current().nextInt(longest / 2, longest));
    } catch (InterruptedException impossible) {
      // Nobody knows this thread.
      Thread.currentThread().interrupt();
    }
  }
}
