// Run after a change of dependencies: `npm install && node scripts/lock.js`. Makes package-lock.json fit every machine:
// it takes out download addresses, and adds the platform packages that the registry at hand did not know (a mirror may carry
// only some platforms; npm >= 11 then refuses `npm ci`). An added entry is only ever read on that other platform.
import { readFileSync, writeFileSync } from "node:fs";

const file = new URL("../package-lock.json", import.meta.url);
const lock = JSON.parse(readFileSync(file, "utf8"));
for (const [at, entry] of Object.entries(lock.packages)) {
  delete entry.resolved;
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const own = `node_modules/${name}`;
    if (at === "" || lock.packages[own] || lock.packages[`${at}/${own}`]) continue;
    lock.packages[own] = { version, ...platform(name), ...(entry.dev ? { dev: true } : {}), license: entry.license, optional: true };
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);

/** The os and cpu that a platform package's name tells; one that tells none is for no machine. */
function platform(name) {
  const os = /android|darwin|freebsd|linux|netbsd|openbsd|openharmony|sunos|win32|wasm/.exec(name)?.[0] ?? "none";
  const cpu = /arm64|ia32|loong64|mips64el|ppc64|riscv64|s390x|x64|wasm32|arm/.exec(name.replace("charm", ""))?.[0] ?? "none";
  return { os: [os], cpu: [cpu] };
}
