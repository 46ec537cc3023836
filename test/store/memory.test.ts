import { describe } from "vitest";
import { MemoryMedium } from "../../src/store/memory.ts";
import { exam } from "./exam.ts";

describe("a store in memory", () => {
  exam({ open: async () => new MemoryMedium(), reopen: async (medium) => medium });
});
