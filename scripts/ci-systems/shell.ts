import type { Row } from "./row.ts";

const BEGIN = (source: string) => `# Made from ${source} by npm run generate: what CI systems tell of a run.`;
const END = "# End of what was made.";

/** A script of plain sh with a function `ci` in it that sets system, run_url, repository and number from the CI system's variables. */
export function withShell(source: string, rows: readonly Row[], script: string): string {
  const [head = "", rest = ""] = script.split(`${BEGIN(source)}\n`);
  const [, tail = ""] = rest.split(`${END}\n`);
  if (tail === "")
    throw new Error(`with-lock.sh has no place for what is made from ${source}: a line "${BEGIN(source)}", and one "${END}"`);
  return `${head}${BEGIN(source)}\n${found(rows)}${told(rows)}${END}\n${tail}`;
}

/** By its mark, or where a container was not given that one, by its run's address. */
function found(rows: readonly Row[]): string {
  const marked = rows.map(
    ({ name, marks }, at) => `  ${at === 0 ? "if" : "elif"} ${marks.map(isMarked).join(" || ")}; then system='${name}'`,
  );
  return `ci() {
${marked.join("\n")}
  else
    for system in ${rows.map(({ name }) => `'${name}'`).join(" ")}; do
      tell
      [ -z "$run_url" ] || return 0
    done
    system=
  fi
  tell
}
`;
}

function told(rows: readonly Row[]): string {
  const cases = rows.map((row) => `    '${row.name}')\n${facts(row)}\n      ;;`);
  return `tell() {\n  run_url='' repository='' number=''\n  case $system in\n${cases.join("\n")}\n  esac\n}\n`;
}

function facts(row: Row): string {
  return Object.entries({ run_url: row["url"], repository: row["repository"], number: row["number"] })
    .flatMap(([variable, templates]) => (templates === undefined ? [] : [`      ${variable}=${firstOf([templates].flat())}`]))
    .join("\n");
}

function isMarked(mark: string): string {
  const [name = "", value] = mark.split("=");
  return value === undefined ? `[ -n "\${${name}:-}" ]` : `[ "\${${name}:-}" = ${value} ]`;
}

/** A template is a list of words for `fill`, which says nothing, and fails, if one of them is empty. */
function firstOf(templates: readonly string[]): string {
  return `$(${templates.map((template) => `fill ${words(template)}`).join(" || ")})`;
}

function words(template: string): string {
  return template
    .split(/(\$\{\w+(?::\w+)?\})/)
    .filter(Boolean)
    .map((part) => {
      const [, name, filter] = /^\$\{(\w+)(?::(\w+))?\}$/.exec(part) ?? [];
      if (name === undefined) return `'${part}'`;
      return filter === undefined ? `"\${${name}:-}"` : `"$(as_${filter} "\${${name}:-}")"`;
    })
    .join(" ");
}
