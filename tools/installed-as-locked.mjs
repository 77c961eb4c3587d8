// Exit code 0 when node_modules already holds what package-lock.json asks for, as npm itself recorded it last.
import { readFileSync } from "node:fs";
import process from "node:process";

const packagesOf = (file) => JSON.parse(readFileSync(file, "utf8")).packages;
const fitsHere = ({ os = [process.platform], cpu = [process.arch], libc = ["glibc"] }) =>
  os.includes(process.platform) && cpu.includes(process.arch) && libc.includes("glibc");

let same = false;
try {
  const { "": _root, ...locked } = packagesOf("package-lock.json");
  const installed = packagesOf("node_modules/.package-lock.json");
  const matches = ([path, wanted]) => {
    const found = installed[path];
    if (found === undefined) return wanted.optional === true && !fitsHere(wanted);
    return found.version === wanted.version && found.integrity === wanted.integrity;
  };
  same =
    Object.entries(locked).every(matches) &&
    Object.keys(installed).every((path) => locked[path] !== undefined);
} catch {
  same = false; // nothing installed yet
}
process.exitCode = same ? 0 : 1;
