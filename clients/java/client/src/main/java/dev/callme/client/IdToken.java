package dev.callme.client;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** What a token of a CI system says of itself. Nothing in it is verified: that is for the server. */
final class IdToken {
  /** What a header can carry beside all others, in characters. */
  private static final int LONGEST = 12_288;
  private static final Pattern FORM = Pattern.compile("[\\w-]+\\.([\\w-]+)\\.[\\w-]*");

  private final String text;
  final String issuer;
  final List<String> audiences;
  /** How long it is good for from its making, in s; NaN: it does not say, or that does not count. */
  final double life;
  /** When it ends, in s since 1970, by its issuer's clock; NaN: it does not say. */
  final double end;

  private IdToken(String text, String issuer, List<String> audiences, double life, double end) {
    this.text = text;
    this.issuer = issuer;
    this.audiences = audiences;
    this.life = life;
    this.end = end;
  }

  /** Reads a token, with or without white space around it; null: it is none. */
  static IdToken of(String given) {
    String text = given.strip();
    Matcher parts = FORM.matcher(text);
    if (text.length() > LONGEST || !parts.matches()) return null;
    Map<?, ?> claims;
    try {
      claims = Json.objectIn(new String(Base64.getUrlDecoder().decode(parts.group(1)), StandardCharsets.UTF_8));
    } catch (IllegalArgumentException malformed) {
      return null;
    }
    if (claims == null) return null;
    Object audience = claims.get("aud");
    List<?> all = audience instanceof List ? (List<?>) audience : List.of(audience == null ? 0 : audience);
    List<String> audiences = all.stream().filter(String.class::isInstance).map(String.class::cast).collect(Collectors.toUnmodifiableList());
    double end = number(claims.get("exp"));
    double length = end - number(claims.get("iat"));
    String issuer = claims.get("iss") instanceof String ? (String) claims.get("iss") : "";
    return new IdToken(text, issuer, audiences, length > 0 ? length : Double.NaN, end);
  }

  /** The same, when it is not known how long ago it was made. */
  IdToken ofUnknownAge() {
    return new IdToken(text, issuer, audiences, Double.NaN, end);
  }

  /** What opens a call; {@link #toString} does not show it. */
  String header() {
    return "Bearer " + text;
  }

  boolean isSame(IdToken other) {
    return text.equals(other.text);
  }

  private static double number(Object claim) {
    return claim instanceof Double && !((Double) claim).isInfinite() ? (Double) claim : Double.NaN;
  }
}
