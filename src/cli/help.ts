import { type CommandName, COMMANDS } from "./parse_arguments.ts";
import { SETTINGS } from "./settings.ts";

const WIDTH = 80;
const INDENT = "  ";
/** Where the text beside a short term begins. */
const TERM_WIDTH = 14;
/** Where a flag's name in the environment begins. */
const ENVIRONMENT_COLUMN = 44;
const LETTERS_USAGE = " list|replay|drop [ID...|--all] [FLAGS]";
const BOLD = "\x1b[1m";
const PLAIN = "\x1b[0m";

const ABOUT: Readonly<Record<CommandName, string>> = {
  run: "Watch the cluster and take webhooks until asked to stop (default)",
  demo: "Show it on an API server of its own, with real payloads and two replicas",
  doctor: "Look whether all is there that it needs, and say what to do about what is not",
  deadletters: "List what could never be written as it is, write it again, or forget it",
  crds: "Print both CustomResourceDefinitions as YAML",
  version: "Print the version",
};
const EXITS: readonly (readonly [string, string])[] = [
  ["0", "It was asked to stop, or has done what it was asked"],
  ["1", "It failed, or doctor has found a problem"],
  ["2", "It was called wrongly; everything that is wrong is printed"],
];

/**
 * What `--help` prints.
 *
 * @param topic undefined: about the program
 * @param isColoured only for a terminal
 */
export function helpText(topic: CommandName | undefined, isColoured: boolean): string {
  const heading = (text: string): string => isColoured ? `${BOLD}${text}${PLAIN}` : text;
  const sections = topic === undefined ? programSections() : commandSections(topic);
  return sections.map(([title, lines]) => [...(title === "" ? [] : [heading(title)]), ...lines].join("\n"))
    .join("\n\n") + "\n";
}

type Section = readonly [title: string, lines: readonly string[]];

function programSections(): readonly Section[] {
  return [
    ["", wrap("zen-watcher takes signals from security and operations tools into a Kubernetes cluster.", "")],
    ["Usage", [`${INDENT}zen-watcher [COMMAND] [FLAGS]`]],
    ["Commands", COMMANDS.flatMap((name) => term(name, ABOUT[name]))],
    ["Flags", [
      ...term("-h, --help", "Print help; with a command, about that"),
      ...term("--version", ABOUT.version),
    ]],
    exitSection(),
    ["", wrap("See zen-watcher run --help for the settings.", "")],
  ];
}

function commandSections(name: CommandName): readonly Section[] {
  const flags = {
    run: " [FLAGS]",
    demo: " [--once]",
    doctor: " [--env] [FLAGS]",
    deadletters: LETTERS_USAGE,
    crds: "",
    version: "",
  }[name];
  const sections: Section[] = [
    ["", wrap(`${ABOUT[name]}.`, "")],
    ["Usage", [`${INDENT}zen-watcher ${name}${flags}`]],
  ];
  if (name === "run") sections.push(settingsSection());
  if (name === "demo") {
    sections.push(["Flags", term("--once", "End by itself: 0 when nothing was missing, else 1")]);
  }
  if (name === "doctor") sections.push(...doctorSections());
  if (name === "deadletters") sections.push(...letterSections());
  return [...sections, exitSection()];
}

function doctorSections(): readonly Section[] {
  return [
    ["Flags", [
      ...term("--env", "Only the settings in force, and where each is from; needs no cluster"),
      ...term("-o, --output", "table (default), json or yaml"),
      ...term("those of run", "Settings to look with; default are those of its environment"),
    ]],
    [
      "",
      wrap(
        "It looks at files, spool and ports of this machine, the way to the API server, its version and clock, definitions, Ingesters, rights, Lease and checkpoints. Nothing is written but a file in the spool, whose folder is made where there is none; the file is removed again. In a pod: kubectl exec POD -- zen-watcher doctor.",
        "",
      ),
    ],
  ];
}

function letterSections(): readonly Section[] {
  return [
    ["What to do", [
      ...term("list", "Print them, or those with these ids"),
      ...term("replay", "Put them into the spool again, to be written as if they had just come in"),
      ...term("drop", "Forget them"),
    ]],
    ["Flags", [
      ...term("--all", "All of them, in the place of ids"),
      ...term("-o, --output", "table (default), json or yaml"),
      ...term("--spool-dir", "SPOOL_DIR of the replicas; default as for run"),
    ]],
    [
      "",
      wrap(
        "Beside a running replica (kubectl exec) that one does it; else it is done in the folder, and the next start goes on.",
        "",
      ),
    ],
  ];
}

function settingsSection(): Section {
  const lines = Object.values(SETTINGS).flatMap((setting) => {
    const spelling = `${setting.flag} ${setting.reader.placeholder}`;
    const note = setting.default ? ` (default ${setting.default})` : "";
    return [
      `${INDENT}${spelling.padEnd(ENVIRONMENT_COLUMN)}${setting.env ?? ""}`.trimEnd(),
      ...wrap(`${setting.description}${note}`, INDENT.repeat(3)),
    ];
  });
  return ["Flags, and the variables of the environment that they win over", lines];
}

function exitSection(): Section {
  return ["Exit codes", EXITS.flatMap(([code, meaning]) => term(code, meaning))];
}

function term(name: string, meaning: string): readonly string[] {
  const [first = "", ...rest] = wrap(meaning, " ".repeat(INDENT.length + TERM_WIDTH));
  return [`${INDENT}${name.padEnd(TERM_WIDTH)}${first.trimStart()}`, ...rest];
}

/** Breaks a text into lines of at most the width, each beginning with `indent`. */
function wrap(text: string, indent: string): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && indent.length + line.length + 1 + word.length > WIDTH) {
      lines.push(indent + line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, indent + line];
}
