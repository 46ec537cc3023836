// How the page is served: to whoever asks, under a policy that lets nothing else into it.
import { createServer, request } from "node:http";
import { connect } from "node:http2";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { curl } from "./curl.ts";
import { Server } from "./server.ts";

let server: Server;
beforeAll(async () => {
  server = await Server.start();
});
afterAll(() => server[Symbol.asyncDispose]());

/** The addresses that a document names, as they stand in it. */
function named(document: string): string[] {
  return [...document.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, address = ""]) => address);
}

describe("the document", () => {
  test("comes without a key, is asked for again each time, and lets in nothing but the server's own files", async () => {
    const answer = await fetch(`${server.url}/`);
    expect(answer.status).toBe(200);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-cache",
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "referrer-policy": "no-referrer",
    });
    const policy = (answer.headers.get("content-security-policy") ?? "").split("; ");
    expect(policy).toEqual(
      expect.arrayContaining([
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "frame-ancestors 'none'",
      ]),
    );
    expect(policy.join(" ")).not.toMatch(/unsafe|\*/);
    const document = await answer.text();
    expect(document).toContain("<title>call-me</title>");
    expect(document).not.toMatch(/<script(?![^>]*src=)|<style|\sstyle=|\son\w+=/);
  });

  test("is not sent again to who has it, and is to who has another", async () => {
    const etag = (await fetch(`${server.url}/`)).headers.get("etag") ?? "";
    const again = (known: string) => fetch(`${server.url}/`, { headers: { "if-none-match": known } });
    expect((await again(`"other", ${etag}`)).status).toBe(304);
    expect((await again('W/"other"')).status).toBe(200);
  });
});

test("what it names is there under names that change with it, is kept for ever, and comes compressed to who takes that", async () => {
  const addresses = named(await (await fetch(`${server.url}/`)).text());
  expect(addresses).toEqual(expect.arrayContaining([expect.stringMatching(/^_page\/page-[0-9a-f]{16}\.js$/)]));
  for (const address of addresses) {
    const url = `${server.url}/${address}`;
    const plain = await fetch(url, { headers: { "accept-encoding": "identity;q=1, gzip; q=0" } });
    expect([plain.status, plain.headers.get("cache-control")]).toEqual([200, "public, max-age=31536000, immutable"]);
    expect(plain.headers.get("content-type")).toMatch(/^(text\/(javascript|css); charset=utf-8|image\/svg\+xml)$/);
    const whole = Buffer.from(await plain.arrayBuffer());
    const head = await fetch(url, { method: "HEAD", headers: { "accept-encoding": "identity" } });
    expect([head.headers.get("content-length"), await head.text()]).toEqual([String(whole.length), ""]);
    const packed = await overHttp2(`/${address}`, { "accept-encoding": "br, gzip;q=0.8" });
    expect(packed.headers).toMatchObject({ ":status": 200, "content-encoding": "gzip", vary: "accept-encoding" });
    expect(gunzipSync(packed.body).equals(whole)).toBe(true);
  }
});

/** One GET. */
async function overHttp2(path: string, headers: Readonly<Record<string, string>>) {
  const session = connect(server.url);
  try {
    const stream = session.request({ ":path": path, ...headers });
    const { promise, resolve, reject } = Promise.withResolvers<object>();
    stream.once("response", resolve).once("error", reject);
    const answered = await promise;
    return { headers: answered, body: Buffer.concat(await stream.toArray()) };
  } finally {
    session.close();
  }
}

test("what the page has not is a JSON 404, as any other path, and other methods are refused with those that there are", async () => {
  for (const path of [
    "/_page/page.js",
    "/_page/",
    "/_page/../package.json",
    "/index.html",
    "/favicon.ico",
    "/callme.v1.LockService/Nope",
  ]) {
    const { status, headers, body } = await curl(["--path-as-is", `${server.url}${path}`]);
    expect([status, headers["content-type"]]).toEqual([404, expect.stringContaining("json")]);
    expect(() => JSON.parse(body)).not.toThrow();
  }
  const posted = await curl(["-X", "POST", `${server.url}/`]);
  expect([posted.status, posted.headers["allow"]]).toEqual([405, "GET,HEAD"]);
});

test("behind a proxy that puts it under a path of its own, all that it names is found there", async () => {
  const proxy = createServer((incoming, answer) => {
    const path = incoming.url?.replace(/^\/locks(?=\/)/, "");
    if (path === incoming.url) return void answer.writeHead(404).end();
    request(`${server.url}${path}`, { method: incoming.method, headers: incoming.headers }, (forwarded) => {
      answer.writeHead(forwarded.statusCode ?? 502, forwarded.headers);
      forwarded.pipe(answer);
    }).end();
  }).listen(0, "127.0.0.1");
  try {
    await new Promise((resolve) => proxy.once("listening", resolve));
    const home = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/locks/`;
    const addresses = named(await (await fetch(home)).text());
    expect(addresses.length).toBeGreaterThan(1);
    for (const address of addresses) expect((await fetch(new URL(address, home))).status).toBe(200);
  } finally {
    proxy.close();
    proxy.closeAllConnections();
  }
});

test("a server without a key shows it to this machine only under the machine's own names", async () => {
  await using open = await Server.start({ API_KEY: "" });
  expect((await curl([`${open.url}/`])).status).toBe(200);
  expect((await curl(["-H", "host: evil.example.com", `${open.url}/`])).status).toBe(403);
});
