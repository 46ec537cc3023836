import { Command, Option } from "../clipanion.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit.ts";

/** Each asks `call-me __complete` with the words so far, the one under the cursor last, and takes a candidate per line. */
const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `_call_me() {
  local word
  COMPREPLY=()
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <("\${COMP_WORDS[0]}" __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _call_me call-me
`,
  zsh: `#compdef call-me
_call_me() {
  local -a found
  found=("\${(@f)$("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "\${found[*]}" ]]; then compadd -- "\${found[@]}"; else _files; fi
}
compdef _call_me call-me
`,
  fish: `function __call_me_complete
  set -l before (commandline -opc)
  command $before[1] __complete -- $before[2..-1] (commandline -ct) 2>/dev/null
end
complete -c call-me -f -a '(__call_me_complete)'
`,
};

/** `call-me completion`: a script by which a shell completes verbs, options and the names of environments. */
export class CompletionCommand extends Command<Context> {
  static override paths = [["completion"]];
  static override usage = Command.Usage({
    description: "Print a script that makes a shell complete verbs, options and environments",
    details: "The names of environments come from the server, with your settings; when it is out of reach there are none.",
    examples: [
      ["In ~/.bashrc", 'eval "$(call-me completion bash)"'],
      ["In ~/.zshrc, after compinit", 'eval "$(call-me completion zsh)"'],
      ["In fish", "$0 completion fish > ~/.config/fish/completions/call-me.fish"],
    ],
  });

  shell = Option.String({ name: "bash|zsh|fish" });
  json = Option.Boolean("--json", false, { description: "Changes nothing: a script is a script" });

  async execute(): Promise<number> {
    const script = Object.hasOwn(SCRIPTS, this.shell) ? SCRIPTS[this.shell] : undefined;
    if (script === undefined) {
      this.context.stderr.write(`call-me: there is no completion for ${JSON.stringify(this.shell)}; there is one for bash, zsh and fish\n`);
      return EXIT.usage;
    }
    this.context.stdout.write(script);
    return EXIT.done;
  }
}
