package dev.callme.client;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Reads JSON: objects as maps, arrays as lists, numbers as Double. */
final class Json {
  private static final int DEEPEST = 32;

  private final String text;
  private int at;

  private Json(String text) {
    this.text = text;
  }

  /** The object that a text stands for; null: it stands for none. */
  static Map<?, ?> objectIn(String text) {
    Json json = new Json(text);
    try {
      Object value = json.value(0);
      return json.next() == 0 && value instanceof Map ? (Map<?, ?>) value : null;
    } catch (IllegalArgumentException malformed) {
      return null;
    }
  }

  private Object value(int depth) {
    if (depth > DEEPEST) throw new IllegalArgumentException("too deep");
    switch (next()) {
      case '{':
        return object(depth);
      case '[':
        return array(depth);
      case '"':
        return string();
      default:
        return word();
    }
  }

  private Map<String, Object> object(int depth) {
    Map<String, Object> found = new HashMap<>();
    at++;
    for (boolean first = true; next() != '}'; first = false) {
      if (!first) expect(',');
      if (next() != '"') throw new IllegalArgumentException("no name");
      String name = string();
      expect(':');
      found.put(name, value(depth + 1));
    }
    at++;
    return found;
  }

  private List<Object> array(int depth) {
    List<Object> found = new ArrayList<>();
    at++;
    for (boolean first = true; next() != ']'; first = false) {
      if (!first) expect(',');
      found.add(value(depth + 1));
    }
    at++;
    return found;
  }

  private String string() {
    StringBuilder found = new StringBuilder();
    for (at++; at < text.length() && text.charAt(at) != '"'; at++) {
      char letter = text.charAt(at);
      found.append(letter == '\\' ? escaped() : letter);
    }
    if (at >= text.length()) throw new IllegalArgumentException("no end");
    at++;
    return found.toString();
  }

  private char escaped() {
    at++;
    char letter = at < text.length() ? text.charAt(at) : 0;
    if (letter == 'u') {
      if (at + 5 > text.length()) throw new IllegalArgumentException("no end");
      at += 4;
      return (char) Integer.parseInt(text.substring(at - 3, at + 1), 16);
    }
    int known = "\"\\/bfnrt".indexOf(letter);
    if (known < 0) throw new IllegalArgumentException("no such escape");
    return "\"\\/\b\f\n\r\t".charAt(known);
  }

  /** A number, or one of the three words. */
  private Object word() {
    int begin = at;
    while (at < text.length() && "+-.".indexOf(text.charAt(at)) >= 0 | Character.isLetterOrDigit(text.charAt(at))) at++;
    String word = text.substring(begin, at);
    if (word.equals("null")) return null;
    return word.equals("true") || word.equals("false") ? (Object) word.equals("true") : (Object) Double.valueOf(word);
  }

  /** What comes after white space; 0: nothing. */
  private char next() {
    while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) at++;
    return at < text.length() ? text.charAt(at) : 0;
  }

  private void expect(char letter) {
    if (next() != letter) throw new IllegalArgumentException("no " + letter);
    at++;
  }
}
