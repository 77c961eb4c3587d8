import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..");
const RUNNING = [
  ...["plugins/evm", "domains/interaction", "domains/relay", "domains/management"],
  ...["host/switch", "host/network", "relay-chain"],
];
const BYTES_PER_KB = 1_000;

type Package = { readonly name: string; readonly folder: string; readonly needs: readonly string[] };

const readPackage = (folder: string): Package => {
  const { name, dependencies = {} } = JSON.parse(readFileSync(join(ROOT, folder, "package.json"), "utf8")) as {
    name: string;
    dependencies?: Record<string, string>;
  };
  return { name, folder, needs: Object.keys(dependencies) };
};

const own = new Map(
  globSync(["{core,host,domains,plugins}/*/package.json", "relay-chain/package.json"], { cwd: ROOT }).map((path) => {
    const found = readPackage(path.replace(/\/package\.json$/u, ""));
    return [found.name, found];
  }),
);

// npm's own record of what is installed where: every package with the names it asks for.
const { packages: installed } = JSON.parse(
  readFileSync(join(ROOT, "node_modules/.package-lock.json"), "utf8"),
) as { packages: Record<string, { dependencies?: Record<string, string> }> };

const code = (folder: string): { lines: number; bytes: number } => {
  let lines = 0;
  let bytes = 0;
  for (const path of globSync("src/**/*.ts", { cwd: join(ROOT, folder) })) {
    const text = readFileSync(join(ROOT, folder, path), "utf8");
    lines += text.split("\n").filter((line) => /\S/u.test(line) && !/^\s*(\/\/|\/?\*)/u.test(line)).length;
    bytes += text.length;
  }
  return { lines, bytes };
};

const closure = (start: Package): { ours: ReadonlySet<Package>; npm: ReadonlySet<string> } => {
  const ours = new Set([start]);
  const npm = new Set<string>();
  const follow = (needs: readonly string[]): void => {
    for (const name of needs) {
      const mine = own.get(name);
      if (mine !== undefined) {
        if (!ours.has(mine)) {
          ours.add(mine);
          follow(mine.needs);
        }
      } else if (!npm.has(name)) {
        npm.add(name);
        follow(Object.keys(installed[`node_modules/${name}`]?.dependencies ?? {}));
      }
    }
  };
  follow(start.needs);
  return { ours, npm };
};

console.log("Code that runs in each domain: its own lines, those of everything it loads of ours, and npm packages.\n");
console.log("domain               own lines   all lines    all kB   npm packages");
for (const folder of RUNNING) {
  const start = readPackage(folder);
  const self = own.get(start.name) ?? start;
  const { ours, npm } = closure(self);
  const all = [...ours].map(({ folder: part }) => code(part));
  const lines = all.reduce((sum, part) => sum + part.lines, 0);
  const kb = all.reduce((sum, part) => sum + part.bytes, 0) / BYTES_PER_KB;
  const names = npm.size === 0 ? "" : `  ${[...npm].slice(0, 4).join(", ")}${npm.size > 4 ? ", ..." : ""}`;
  console.log(
    `${folder.padEnd(20)} ${String(code(folder).lines).padStart(9)}   ${String(lines).padStart(9)}   ${kb.toFixed(0).padStart(7)}   ${String(npm.size).padStart(6)}${names}`,
  );
}
