package dev.callme.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.ManagedChannel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AddressTest {
  @ParameterizedTest
  @CsvSource({
    "http://127.0.0.1:8000, 127.0.0.1:8000",
    "https://locks.example/, locks.example:443",
    "http://locks.example, locks.example:80",
    "http://[::1]:8000, [::1]:8000",
  })
  void namesHostAndPort(String url, String authority) {
    ManagedChannel channel = Address.channelTo(url).build();
    channel.shutdownNow();
    assertEquals(authority, channel.authority());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "locks.example", "locks.example:8000", "ftp://locks.example", "http://locks.example/path", "http://a b"})
  void whatIsNoneIsSaidWithItsValue(String url) {
    IllegalArgumentException error = assertThrows(IllegalArgumentException.class, () -> Address.channelTo(url));
    assertTrue(error.getMessage().contains('"' + url + '"'));
  }

  @ParameterizedTest
  @ValueSource(strings = {"two\nlines", "two words", "schl\u00fcssel"})
  void aKeyIsOneLineOfVisibleAscii(String key) {
    IllegalArgumentException error = assertThrows(IllegalArgumentException.class, () -> Address.key(key));
    assertFalse(error.getMessage().contains(key));
    assertEquals("crj", Address.key(" crj\r\n"));
  }

  @Test
  void aClientSaysSoWhenItIsMade() {
    assertThrows(IllegalArgumentException.class, () -> CallMe.builder().url("nowhere").build());
  }
}
