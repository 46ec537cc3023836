package dev.callme.client;

import io.grpc.CallCredentials;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.net.URI;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** The tokens of one job for one server: fetched when they are needed, one at a time, and anew before they end; rule 13 of clients/README.md. */
final class Tokens {
  static final Metadata.Key<String> HEADER = Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
  /** How long before its end a token is fetched anew at the latest, in s. */
  private static final double AHEAD = 30;
  /** How long one is taken for good that does not say so, and how long to let a source alone that has failed while a token is good still, in s. */
  private static final double UNTOLD = 60;
  private static final double LULL = 5;
  /** How long a call may wait for a token, in s: less than any call itself may take. */
  private static final long LONGEST_WAIT = 4;

  private final TokenSource source;
  private final String url;
  private final String audience;
  /** Whoever listens on the way to the server would have the token. */
  private final boolean exposed;
  /** The newest one; null before the first. */
  private IdToken held;
  /** When (of System.nanoTime) to fetch another one, and until when it is good, as far as we know. */
  private long due;
  private long end;
  /** Null: none is under way. */
  private CompletableFuture<IdToken> fetching;

  private Tokens(TokenSource source, String url) {
    this.source = source;
    this.url = url;
    URI server = URI.create(url);
    String insecure = TokenSource.env("CALL_ME_INSECURE");
    if (!List.of("", "on", "off").contains(insecure))
      throw new IllegalArgumentException("CALL_ME_INSECURE \"" + insecure + "\" is neither on nor off");
    String wanted = TokenSource.env("CALL_ME_AUDIENCE");
    this.audience = wanted.isEmpty() ? originOf(server) : wanted;
    this.exposed = !isPrivate(server) && !insecure.equals("on");
  }

  /**
   * Those for the server at an address; null: the job has none.
   *
   * @throws IllegalArgumentException for a setting that is wrong
   */
  static Tokens ofJob(String url) {
    TokenSource source = TokenSource.ofJob();
    return source == null ? null : new Tokens(source, url.strip());
  }

  /** One that is good for a while; the future is the caller's own. */
  synchronized CompletableFuture<IdToken> fresh() {
    if (exposed) {
      String remedy = ". Write https://, or set CALL_ME_INSECURE=on where nobody can listen";
      return CompletableFuture.failedFuture(TokenTrouble.missing("a token of " + source.name + " is not sent in clear text to " + url + remedy));
    }
    long now = System.nanoTime();
    boolean good = held != null && now - end < 0;
    if (good && now - due < 0) return CompletableFuture.completedFuture(held);
    CompletableFuture<IdToken> underWay = fetch();
    return good ? CompletableFuture.completedFuture(held) : inTime(underWay);
  }

  /** Another one than that which the server has refused; the same one: the source has no other. */
  synchronized CompletableFuture<IdToken> after(IdToken refused) {
    if (held != null && !held.isSame(refused)) return CompletableFuture.completedFuture(held);
    return inTime(fetch());
  }

  /** Whose token it was, for whom, and who can mend it, with the server's own details. */
  StatusRuntimeException refused(IdToken token, StatusRuntimeException answer) {
    boolean over = token.end < System.currentTimeMillis() / 1_000.0;
    String ended = over ? ", which ended at " + Instant.ofEpochSecond((long) token.end) : "";
    String whose = source.name + " (issuer \"" + token.issuer + "\", audience " + quoted(token.audiences) + ended + ")";
    String remedy = over
        ? "Show a fresh one: have the CI system make it later or live for longer, or let it be fetched when it is needed"
        : "Its operator looks whether the rules in CALL_ME_ACCESS name this issuer and audience, and whether one of them is for this job; its log says why";
    return TokenTrouble.refused(url + " does not accept the token of " + whose + ": " + answer.getStatus().getDescription() + ". " + remedy, answer);
  }

  /** A call waits for it for less than its own time, so that it fails with the right words. The future is the caller's own. */
  private CompletableFuture<IdToken> inTime(CompletableFuture<IdToken> underWay) {
    return underWay.copy().completeOnTimeout(null, LONGEST_WAIT, TimeUnit.SECONDS).thenApply(token -> {
      if (token == null) throw TokenTrouble.outOfReach("no token from " + source.name + " in " + LONGEST_WAIT + " s. Try again later");
      return token;
    });
  }

  /** Begins to, unless that is under way. It goes on when the call that needs it has been given up: the next one finds it. */
  private CompletableFuture<IdToken> fetch() {
    if (fetching == null) {
      CompletableFuture<IdToken> underWay = new CompletableFuture<>();
      fetching = underWay;
      Daemon.named("call-me-token").newThread(() -> fetch(underWay)).start();
    }
    return fetching;
  }

  private void fetch(CompletableFuture<IdToken> underWay) {
    try {
      IdToken token = source.fetch(audience);
      keep(token);
      underWay.complete(token);
    } catch (RuntimeException | Error failed) {
      rest();
      underWay.completeExceptionally(failed);
    }
  }

  private synchronized void rest() {
    fetching = null;
    due = System.nanoTime() + nanos(LULL);
  }

  private synchronized void keep(IdToken token) {
    fetching = null;
    double rest = source.mints && token.life > 0 ? token.life : UNTOLD;
    boolean counted = !Double.isNaN(token.end);
    if (counted && !(source.mints && token.life > 0)) rest = Math.max(0, token.end - System.currentTimeMillis() / 1_000.0);
    double life = token.life > 0 ? token.life : rest;
    double ahead = counted ? Math.min(Math.max(life / 3, AHEAD), rest * 2 / 3) : 0;
    held = token;
    due = System.nanoTime() + nanos(rest - ahead);
    end = System.nanoTime() + nanos(rest);
  }

  /** Opens the calls of generated stubs; where a key does that, a token that is not to be had is left out. */
  CallCredentials credentials(boolean needed) {
    return new CallCredentials() {
      @Override
      public void applyRequestMetadata(RequestInfo request, Executor executor, MetadataApplier applier) {
        fresh().whenComplete((token, thrown) -> {
          Throwable error = Answer.causeOf(thrown);
          if (error == null) applier.apply(headers(token));
          else if (needed) applier.fail(Status.fromThrowable(error));
          else applier.apply(new Metadata());
        });
      }
    };
  }

  static Metadata headers(IdToken token) {
    Metadata headers = new Metadata();
    headers.put(HEADER, token.header());
    return headers;
  }

  static String quoted(List<String> audiences) {
    return audiences.isEmpty() ? "nobody" : audiences.stream().map(one -> '"' + one + '"').collect(Collectors.joining(", "));
  }

  private static long nanos(double seconds) {
    return (long) (Math.min(seconds, 1e9) * 1e9);
  }

  /** The address without its path, and without the scheme's own port. */
  private static String originOf(URI server) {
    String scheme = server.getScheme().toLowerCase(Locale.ROOT);
    boolean own = server.getPort() < 0 || server.getPort() == (scheme.equals("https") ? 443 : 80);
    return scheme + "://" + server.getHost().toLowerCase(Locale.ROOT) + (own ? "" : ":" + server.getPort());
  }

  /** Whether nobody else can listen to what is sent there. */
  private static boolean isPrivate(URI server) {
    String host = server.getHost().toLowerCase(Locale.ROOT);
    boolean local = host.equals("localhost") || host.equals("[::1]") || host.matches("127\\.\\d+\\.\\d+\\.\\d+");
    return local || "https".equalsIgnoreCase(server.getScheme());
  }
}
