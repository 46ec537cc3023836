package dev.callme.client;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.callme.v1.EndReason;
import dev.callme.v1.EndedBy;
import dev.callme.v1.Holder;
import dev.callme.v1.Lease;
import org.junit.jupiter.api.Test;

/** How an end is told. */
class WordsTest {
  @Test
  void sayWhoEndedIt() {
    Lease.Builder lease = Lease.newBuilder().setEndReason(EndReason.END_REASON_FORCE_RELEASED).setEndNote("fire drill");
    assertEquals("FORCE_RELEASED: fire drill", Words.ending(lease.build()));
    EndedBy.Builder who = EndedBy.newBuilder().setPrincipal("key:ops");
    assertEquals("FORCE_RELEASED by key:ops: fire drill", Words.ending(lease.setEndedBy(who).build()));
    who.setHolder(Holder.newBuilder().setName("checkout #1"));
    assertEquals("FORCE_RELEASED by checkout #1 (key:ops): fire drill", Words.ending(lease.setEndedBy(who).build()));
    who.setPrincipalLabel("operators");
    assertEquals("FORCE_RELEASED by checkout #1 (operators, key:ops): fire drill", Words.ending(lease.setEndedBy(who).build()));
    who.clearHolder();
    assertEquals("FORCE_RELEASED by operators (key:ops): fire drill", Words.ending(lease.setEndedBy(who).build()));
  }
}
