// node scripts/launch.js examples/browser/serve.ts [PORT]        serves the page on 127.0.0.1, 8080 unless told otherwise
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { build } from "esbuild";

/** Nothing but the page's own files runs or is shown; it may call any server, because whose it is stands in a field of the page. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src http: https:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Serves the page; 0 takes any free port. */
export async function serve(port: number): Promise<{ readonly origin: string; readonly server: Server }> {
  const { outputFiles } = await build({
    entryPoints: [path.join(import.meta.dirname, "page.ts")],
    bundle: true,
    format: "esm",
    target: "es2022",
    write: false,
    logLevel: "warning",
  });
  const own = (name: string) => readFile(path.join(import.meta.dirname, name));
  const files: Record<string, [type: string, body: string | Buffer]> = {
    "/": ["text/html; charset=utf-8", await own("index.html")],
    "/page.css": ["text/css", await own("page.css")],
    "/page.js": ["text/javascript", outputFiles[0]?.text ?? ""],
  };
  const server = createServer((req, res) => {
    const [type, body] = files[req.url ?? ""] ?? [];
    if (type === undefined) res.writeHead(404).end();
    else res.writeHead(200, { "content-type": type, "content-security-policy": POLICY, "x-content-type-options": "nosniff" }).end(body);
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

if (import.meta.main) {
  const { origin } = await serve(Number(process.argv[2] ?? 8080));
  process.stdout.write(`${origin}\nlet call-me allow it: CALL_ME_CORS_ORIGINS=${origin} npm start\n`);
}
