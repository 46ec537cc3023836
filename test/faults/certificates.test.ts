// A file system that does not answer, under the files of a certificate.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { Authority } from "../authority.ts";
import { curl } from "../outside/curl.ts";
import { eventually } from "../outside/eventually.ts";
import { Server } from "../outside/server.ts";
import { canTrace, meddleWithOpens, untraced } from "./trace.ts";

test.skipIf(!canTrace)(
  `the server goes on with the certificate that it has, and says so; a new one is taken later${untraced}`,
  async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), "call-me-hung-"));
    const at = (name: string) => path.join(folder, name);
    const authority = new Authority();
    const issue = () => authority.issue({ names: ["IP:127.0.0.1"] });
    const place = ({ cert, key }: ReturnType<typeof issue>) => {
      writeFileSync(at("cert.pem"), cert);
      writeFileSync(at("key.pem"), key);
    };
    try {
      place(issue());
      writeFileSync(at("ca.pem"), authority.cert);
      await using server = await Server.start({ CALL_ME_TLS_CERT: at("cert.pem"), CALL_ME_TLS_KEY: at("key.pem") });
      const said = (words: RegExp) => server.log.filter(({ msg }) => words.test(msg));
      {
        await using _ = await meddleWithOpens(server.pid, at("cert.pem"), "delay_enter=60s");
        place(issue());
        await eventually(() => said(/its file system does not answer/).length > 0, 40_000);
        expect((await curl(["--cacert", at("ca.pem"), `${server.url}/healthz`])).status).toBe(200);
        expect(said(/new connections get the new certificate/)).toEqual([]);
      }
      await eventually(() => said(/new connections get the new certificate/).length > 0, 40_000);
      expect(said(/its file system does not answer/)).toHaveLength(1);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
