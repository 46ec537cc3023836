// It takes hold of the process's streams as it is loaded.
import "./streams/own.ts";

// The package names no file for its entry: Node takes the CommonJS one, Vite (and so vitest) an .mjs that Node can't load.
// Named here once, they agree.
export { type BaseContext, Builtins, Cli, Command, type CommandClass, Option } from "clipanion/lib/advanced/index.js";
