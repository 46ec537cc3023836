/**
 * node scripts/launch.js bench/abuse.ts [--seconds N] [--only TEXT]…: how long somebody's calls take while somebody else attacks the server,
 * beside how long they take in peace. What a full run finds is written into docs/security.md.
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { ATTACKS, type AttackName } from "../test/abuse/attacks.ts";
import { Fortress, goFirst, p99 } from "../test/abuse/siege.ts";
import { describe } from "./compare/machine.ts";
import { figure, Place, table } from "./compare/table.ts";

const { values } = parseArgs({ options: { seconds: { type: "string" }, only: { type: "string", multiple: true } } });
const seconds = Number(values.seconds ?? 10);
const names = (Object.keys(ATTACKS) as AttackName[]).filter((name) => values.only?.some((part) => name.includes(part)) ?? true);
const place = Object.keys(values).length === 0 ? new Place("node scripts/launch.js bench/abuse.ts", "security.md") : undefined;
/** The first of an attack: until it is known to be one. */
const OPENING = 2;

goFirst();
const rows: string[][] = [];
for (const name of names) {
  await using fortress = await Fortress.build();
  await fortress.use(1);
  const quiet = await fortress.use(Math.max(seconds / 4, 3));
  const before = fortress.memory;
  const attack = fortress.attack(name, seconds + 1);
  const attacked = await fortress.use(seconds);
  const counts = await attack;
  const opening = Math.floor((attacked.looks.length * Math.min(OPENING, seconds)) / seconds);
  const [peace, all, later] = [p99(quiet.looks), p99(attacked.looks), p99(attacked.looks.slice(opening))];
  const failed = attacked.failed === 0 ? "" : `; **${attacked.failed} calls failed**`;
  const complaints = fortress.server.complaints.filter(({ msg }) => !msg.startsWith("refused connections")).length;
  const told = Object.entries(counts).map(([what, count]) => `${count.toLocaleString("en")} ${what}`);
  rows.push([
    name,
    figure(peace),
    `${figure(all)} (× ${figure(all / peace)})`,
    `${figure(later)} (× ${figure(later / peace)})`,
    `${before} → ${fortress.memory}`,
    `${told.join(", ")}${failed}${complaints === 0 ? "" : `; **${complaints} complaints**`}`,
  ]);
  process.stderr.write(`${rows.at(-1)?.join(" | ")}\n`);
}
const head = ["attack", "p99 in peace, ms", "under attack", "of it after 2 s", "memory, MiB", "what the attacker counts"];
const facts = `${new Date().toISOString().slice(0, 10)}; ${describe(undefined)}; ${seconds} s of each`;
const text = `${facts}.\n\n${table(head, rows)}`;
process.stdout.write(text);
place?.write(text);
