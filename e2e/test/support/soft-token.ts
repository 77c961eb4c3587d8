import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const MODULE = "/usr/lib/softhsm/libsofthsm2.so";

/** A token of SoftHSM2 for one test file; `SOFTHSM2_CONF` of this process, and of what it starts, names it. */
export type SoftToken = { readonly uri: string; readonly remove: () => void };

/** Debian packages that a software token needs and that are not here. */
export const absentTokenParts = ["/usr/bin/pkcs11-tool:opensc", "/usr/bin/softhsm2-util:softhsm2"].map((part) => part.split(":")).flatMap(([path = "", name = ""]) => (existsSync(path) ? [] : [name]));

/** Makes a token with a PIN of its own, and no key. */
export const makeSoftToken = (): SoftToken => {
  const folder = mkdtempSync(join(tmpdir(), "cg-soft-token-"));
  const pin = randomBytes(8).toString("hex");
  mkdirSync(join(folder, "tokens"));
  writeFileSync(join(folder, "softhsm2.conf"), `directories.tokendir = ${join(folder, "tokens")}\nobjectstore.backend = file\nlog.level = ERROR\n`);
  process.env["SOFTHSM2_CONF"] = join(folder, "softhsm2.conf");
  execFileSync("softhsm2-util", ["--init-token", "--free", "--label", "bridge", "--so-pin", randomBytes(8).toString("hex"), "--pin", pin], { stdio: "ignore" });
  writeFileSync(join(folder, "pin"), pin, { mode: 0o600 });
  return { uri: `pkcs11:token=bridge;object=root?module-path=${MODULE}&pin-source=${join(folder, "pin")}`, remove: () => rmSync(folder, { recursive: true, force: true }) };
};
