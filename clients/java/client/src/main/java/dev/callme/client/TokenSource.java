package dev.callme.client;

import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;

/** Who gives a job its token: rule 13 of clients/README.md. */
final class TokenSource {
  /** As errors name it. */
  final String name;
  /** Whether each token is made for us, just now: then its age is known. */
  final boolean mints;
  private final Function<String, IdToken> fetch;

  private TokenSource(String name, boolean mints, Function<String, IdToken> fetch) {
    this.name = name;
    this.mints = mints;
    this.fetch = fetch;
  }

  /** Gets a token for an audience. Throws an error with a {@link TokenTrouble}. */
  IdToken fetch(String audience) {
    return fetch.apply(audience);
  }

  /**
   * That of a job with our environment; null: there is none, or none is wanted.
   *
   * @throws IllegalArgumentException for one that does not exist
   */
  static TokenSource ofJob() {
    String kind = env("CALL_ME_ID_TOKEN_SOURCE");
    switch (kind.isEmpty() || kind.equals("auto") ? offered() : kind) {
      case "off":
        return null;
      case "given":
        return given();
      case "github":
        return new TokenSource("GitHub Actions", true, TokenSource::askGithub);
      case "buildkite":
        return new TokenSource("Buildkite", true, TokenSource::askBuildkite);
      case "circleci":
        return new TokenSource("CircleCI", true, TokenSource::askCircle);
      default:
        throw new IllegalArgumentException("CALL_ME_ID_TOKEN_SOURCE \"" + kind + "\" is none of auto, given, github, buildkite, circleci, off");
    }
  }

  /** Whether somebody says where tokens come from: then they are shown beside a key, too. */
  static boolean isNamed() {
    return !List.of("", "auto", "off").contains(env("CALL_ME_ID_TOKEN_SOURCE"));
  }

  /** The first that is there. */
  private static String offered() {
    if (!env("CALL_ME_ID_TOKEN").isEmpty() || !env("CALL_ME_ID_TOKEN_FILE").isEmpty()) return "given";
    if (!env("ACTIONS_ID_TOKEN_REQUEST_URL").isEmpty() && !env("ACTIONS_ID_TOKEN_REQUEST_TOKEN").isEmpty()) return "github";
    if (env("BUILDKITE").equals("true") && TokenCommand.find("buildkite-agent") != null) return "buildkite";
    boolean circle = env("CIRCLECI").equals("true") && (TokenCommand.find("circleci") != null || !env("CIRCLE_OIDC_TOKEN_V2").isEmpty());
    return circle ? "circleci" : "off";
  }

  private static IdToken askGithub(String audience) {
    String remedy = "Give the job `permissions: id-token: write`";
    String url = env("ACTIONS_ID_TOKEN_REQUEST_URL");
    String key = env("ACTIONS_ID_TOKEN_REQUEST_TOKEN");
    if (url.isEmpty() || key.isEmpty())
      throw TokenTrouble.missing("no token from GitHub Actions: ACTIONS_ID_TOKEN_REQUEST_URL is not set. " + remedy);
    return TokenEndpoint.ask(url, key, audience, remedy);
  }

  private static IdToken askBuildkite(String audience) {
    String remedy = "Run it where the job's agent is (a container needs BUILDKITE_AGENT_ACCESS_TOKEN and the agent's command in it)";
    String more = env("BUILDKITE_OIDC_TOKEN_CLAIMS");
    // Neither is in a token by itself, and all organisations share an issuer.
    String claims = "organization_id,pipeline_id" + (more.isEmpty() ? "" : "," + more);
    return TokenCommand.ask("Buildkite", remedy, "buildkite-agent", "oidc", "request-token", "--audience", audience, "--claim", claims);
  }

  private static IdToken askCircle(String audience) {
    String remedy = "Pass secrets to it if it builds a fork (Project Settings, Advanced), or set CALL_ME_AUDIENCE to your organization's id";
    String claims = "{\"aud\":\"" + audience.replace("\\", "\\\\").replace("\"", "\\\"") + "\"}";
    try {
      return TokenCommand.ask("CircleCI", remedy, "circleci", "run", "oidc", "get", "--claims", claims);
    } catch (StatusRuntimeException failed) {
      IdToken own = IdToken.of(env("CIRCLE_OIDC_TOKEN_V2"));
      // One for another audience could open what that stands for: it is not for this server to see.
      if (own == null || !own.audiences.contains(audience)) throw failed;
      // It was made before the job began: its end counts, and not its length.
      return own.ofUnknownAge();
    }
  }

  private static TokenSource given() {
    String text = env("CALL_ME_ID_TOKEN");
    String file = env("CALL_ME_ID_TOKEN_FILE");
    if (!text.isEmpty() || file.isEmpty()) return new TokenSource("CALL_ME_ID_TOKEN", false, ignored -> givenText(text));
    String name = "CALL_ME_ID_TOKEN_FILE \"" + file + '"';
    return new TokenSource(name, false, ignored -> givenFile(file, name));
  }

  private static IdToken givenText(String text) {
    IdToken token = IdToken.of(text);
    if (token != null) return meant(token, "CALL_ME_ID_TOKEN");
    String why = text.isEmpty() ? "it is not set" : "it is no JSON Web Token";
    throw TokenTrouble.missing("no token from CALL_ME_ID_TOKEN: " + why + ". Set it to a token of the job (GitLab: id_tokens)");
  }

  private static IdToken givenFile(String file, String name) {
    String remedy = ". Let it hold a token of the job";
    IdToken token;
    try (InputStream content = Files.newInputStream(Path.of(file))) {
      token = IdToken.of(new String(content.readNBytes(65_536), StandardCharsets.ISO_8859_1));
    } catch (IOException unreadable) {
      throw TokenTrouble.outOfReach("no token from " + name + ": it cannot be read (" + unreadable.getClass().getSimpleName() + ")" + remedy);
    }
    // Whoever replaces it may be in the midst of that.
    if (token == null) throw TokenTrouble.outOfReach("no token from " + name + ": what it holds is no JSON Web Token" + remedy);
    return meant(token, name);
  }

  /** A token that somebody gave is for whom they say, unless CALL_ME_AUDIENCE says that they meant another. */
  private static IdToken meant(IdToken token, String name) {
    String audience = env("CALL_ME_AUDIENCE");
    if (audience.isEmpty() || token.audiences.contains(audience)) return token;
    String told = Tokens.quoted(token.audiences);
    throw TokenTrouble.missing("the token in " + name + " is for " + told + ", and CALL_ME_AUDIENCE is \"" + audience + "\". Make them the same");
  }

  /** Empty if it is not set. */
  static String env(String name) {
    String value = System.getenv(name);
    return value == null ? "" : value.strip();
  }
}
