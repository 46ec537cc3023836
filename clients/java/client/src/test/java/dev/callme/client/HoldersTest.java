package dev.callme.client;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.gson.Gson;
import com.google.gson.reflect.TypeToken;
import dev.callme.v1.Holder;
import dev.callme.v1.HolderKind;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The vectors of all languages: variables in, holder out. */
class HoldersTest {
  private static final class Vector {
    String name;
    Map<String, String> env;
    Map<String, String> holder;
  }

  @TestFactory
  Stream<DynamicTest> theHolderIsWhatTheVariablesTell() throws Exception {
    try (Reader file = Files.newBufferedReader(Path.of("../../../test/clients/holders.json"))) {
      List<Vector> vectors = new Gson().fromJson(file, new TypeToken<List<Vector>>() {}.getType());
      return vectors.stream()
          .map(vector -> DynamicTest.dynamicTest(vector.name, () -> assertEquals(wanted(vector.holder), Holders.describe(vector.env, Holder.getDefaultInstance()))));
    }
  }

  @Test
  void whatIsSaidGoesBefore() {
    Holder said = Holder.newBuilder().setName("I").setKind(HolderKind.HOLDER_KIND_SERVICE).build();
    Holder described = Holders.describe(Map.of("GITHUB_ACTIONS", "true", "GITHUB_JOB", "e2e"), said);
    assertEquals(said.toBuilder().setJob("e2e").build(), described);
  }

  private static Holder wanted(Map<String, String> fields) {
    return Holder.newBuilder()
        .setName(fields.get("name").replace("{user}", Holders.user()).replace("{host}", Holders.host()))
        .setKind(HolderKind.valueOf(fields.get("kind")))
        .setRunUrl(fields.getOrDefault("runUrl", ""))
        .setRepository(fields.getOrDefault("repository", ""))
        .setRef(fields.getOrDefault("ref", ""))
        .setSha(fields.getOrDefault("sha", ""))
        .setJob(fields.getOrDefault("job", ""))
        .setActor(fields.getOrDefault("actor", ""))
        .build();
  }
}
