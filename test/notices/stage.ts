// Servers with a file of notices, and receivers; all are closed after each test.
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterEach } from "vitest";
import { Server } from "../outside/server.ts";
import { noticesFile, WEBHOOK_KEY, WebhookReceiver } from "./receiver.ts";

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A receiver on this machine. */
export async function receiving(): Promise<WebhookReceiver> {
  const receiver = await WebhookReceiver.start();
  closing.push(() => receiver.close());
  return receiver;
}

/** A server that reads these sections, and where its file is. */
export async function serving(sections: string, env: Readonly<Record<string, string>> = {}): Promise<{ server: Server; file: string }> {
  const directory = await mkdtemp(path.join(os.tmpdir(), "call-me-notices-"));
  closing.push(() => rm(directory, { recursive: true, force: true }));
  const file = await noticesFile(directory, sections);
  const server = await Server.start({ CALL_ME_NOTICES: file, CALL_ME_SECRET_HOOK: WEBHOOK_KEY, ...env });
  closing.push(() => server[Symbol.asyncDispose]());
  return { server, file };
}
