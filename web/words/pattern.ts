/** Whether a pattern of a grant means an environment: `environment` or `pool:environment`, as the server reads them. */
export function fits(pattern: string, pool: string, environment: string): boolean {
  const colon = pattern.indexOf(":");
  return (colon < 0 || globbed(pattern.slice(0, colon), pool)) && globbed(pattern.slice(colon + 1), environment);
}

/** `*` is any characters but `/`, `?` is one, and `*` alone is everything. */
function globbed(glob: string, name: string): boolean {
  const source = glob.replace(/[\\^$.|+()[\]{}]/g, "\\$&").replace(/[*?]/g, (sign) => (sign === "*" ? "[^/]*" : "[^/]"));
  return glob === "*" || new RegExp(`^${source}$`).test(name);
}
