import { describe } from "vitest";
import { MemoryMedium } from "../../src/store/memory.ts";
import { type Candidate, exam } from "./exam.ts";
import { examHistory } from "./exam-history.ts";

describe("a store in memory", () => {
  const candidate: Candidate = { open: async () => new MemoryMedium(), reopen: async (medium) => medium };
  exam(candidate);
  examHistory(candidate);
});
