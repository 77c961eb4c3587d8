import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { ALLOWED, ALLOWED_NETWORK, allowedNames, type AllowedSyscall, FILTERED, FILTERED_NETWORK, type FilteredSyscall } from "@crossguardian/isolation";
import { FAILURES } from "@crossguardian/kernel";
import { bounds, MAX_FRAME_PAYLOAD_BYTES, MESSAGES } from "@crossguardian/wire";

const DO = {
  refuse: "Refused; the sender has to change something.",
  retry: "Tried again by itself, with a limit.",
  alarm: "A person has to look; the action is stopped.",
} as const;

const errors = (): string => {
  const areas = new Map<string, string[]>();
  for (const [code, { action, says }] of Object.entries(FAILURES)) {
    const area = code.split(".")[0] ?? "";
    areas.set(area, [...(areas.get(area) ?? []), `| \`${code}\` | ${action} | ${says} |`]);
  }
  const parts = [...areas]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([area, rows]) => `## ${area}\n\n| code | action | says |\n| --- | --- | --- |\n${rows.join("\n")}\n`);
  const legend = Object.entries(DO).map(([action, what]) => `- **${action}**: ${what}`);
  return `# Errors\n\nEvery failure has a code and its facts. Made by \`node tools/reference-docs.ts\` from \`core/kernel/src/failures\`; a test keeps both equal.\n\n${legend.join("\n")}\n\n${parts.join("\n")}`;
};

const MARK = "<!-- made from core/wire by tools/reference-docs.ts -->";

const limits = (): string => {
  const constants = Object.entries(bounds).map(([name, value]) => `| \`${name}\` | ${String(value)} |`);
  const kinds = Object.entries(MESSAGES).map(
    ([name, { number, maxBytes }]) => `| ${String(number)} | \`${name}\` | ${String(maxBytes)} |`,
  );
  return `${MARK}\n\n## Frames between domains, and on relay connections\n\nA frame longer than its kind allows is refused before a buffer is made; none is longer than ${String(MAX_FRAME_PAYLOAD_BYTES)} bytes.\n\n| kind | message | largest payload, bytes |\n| --- | --- | --- |\n${kinds.join("\n")}\n\n## Fields\n\n| bound | value |\n| --- | --- |\n${constants.join("\n")}\n`;
};

const plain = (entries: readonly AllowedSyscall[]): string =>
  entries.map(({ names, reason, arch }) => `| ${names.map((name) => `\`${name}\``).join(", ")} | ${reason}${arch === undefined ? "" : `; ${arch} only`} |`).join("\n");

const filtered = (entries: readonly FilteredSyscall[]): string =>
  entries
    .map(({ name, args, reason }) => {
      const rules = args.map(({ index, value, mask }) => `argument ${String(index)}${mask === undefined ? "" : ` & 0x${mask.toString(16)}`} = 0x${value.toString(16)}`);
      return `| \`${name}\` | ${rules.join(", ")} | ${reason} |`;
    })
    .join("\n");

const syscalls = (): string =>
  [
    "# System calls of a domain",
    `A domain may make the ${String(allowedNames("x64", "none").length)} calls below on x86-64, ${String(allowedNames("arm64", "none").length)} on arm64, and no others: those answer EPERM, \`clone3\` answers ENOSYS, calls of another architecture end the domain. A domain with the host's network, which only the relay chain's orderer has, may make ${String(allowedNames("x64", "host").length)}. Made by \`node tools/reference-docs.ts\` from \`host/isolation/src/seccomp\`; a test keeps both equal, and \`./crossguardian attack\` compares the list with what the kernel answers to every call by number.`,
    `## Always\n\n| calls | why a domain needs them |\n| --- | --- |\n${plain(ALLOWED)}`,
    `## By argument\n\n| call | where | why |\n| --- | --- | --- |\n${filtered(FILTERED)}`,
    `## Beside these with the host's network\n\n| calls | why |\n| --- | --- |\n${plain(ALLOWED_NETWORK)}\n\n| call | where | why |\n| --- | --- | --- |\n${filtered(FILTERED_NETWORK)}`,
  ].join("\n\n") + "\n";

const pathOf = (name: string): string => fileURLToPath(new URL(`../docs/${name}`, import.meta.url));

const limitsFile = (): string => {
  const text = readFileSync(pathOf("limits.md"), "utf8");
  const at = text.indexOf(MARK);
  return `${at < 0 ? `${text}\n` : text.slice(0, at)}${limits()}`;
};

/** What docs/errors.md, docs/limits.md and docs/syscalls.md have to say now. */
export const referenceDocs = (): Readonly<Record<"errors.md" | "limits.md" | "syscalls.md", string>> => ({
  "syscalls.md": syscalls(),
  "errors.md": errors(),
  "limits.md": limitsFile(),
});

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, text] of Object.entries(referenceDocs())) writeFileSync(pathOf(name), text);
}
