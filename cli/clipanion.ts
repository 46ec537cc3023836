// The package names no file for its entry: Node takes the CommonJS one, Vite (and so vitest) an .mjs that Node can't load.
// Named here once, they agree.
export { type BaseContext, Builtins, Cli, Command, type CommandClass, Option } from "clipanion/lib/advanced/index.js";
