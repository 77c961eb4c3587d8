/** A file of the disk with a machine's image: Node loads it before a program that is started before its guest has a secret. */
export const HOLD_FILE = ".hold.mjs";

/** Where a held domain's jail shows the pipe it waits at. */
export const BIRTH_PIPE = "/birth";

/** Exit code of a domain that drew random numbers while it was held, or whose clock did not jump. */
export const EXIT_UNBORN = 79;

/** Least jump of the clock in ms from which every generator of OpenSSL's seeds itself anew: an hour for the first, less for the others (crypto/rand/rand_local.h). */
const LEAST_JUMP_MS = 2 * 3_600_000;

/**
 * Loads everything the program imports, waits for the word that the domain lives, and lets the program go on. Copies of a held domain begin with one state, so nothing random may be
 * in it: until then all of node:crypto ends the process that may draw a random number, whatever is not known to draw none. V8 seeds `Math.random` at its start and can not be
 * told to do it again, so that is replaced.
 */
export const HOLD_HOOK = `import crypto from "node:crypto";
import { readFileSync } from "node:fs";
import { registerHooks, syncBuiltinESMExports } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
const draws = new Set(["Hash", "Hmac", "KeyObject", "Verify", "X509Certificate", "createHash", "createHmac", "createPrivateKey", "createPublicKey", "createSecretKey", "createVerify", "getCipherInfo", "getCiphers", "getCurves", "getFips", "getHashes", "hash", "hkdf", "hkdfSync", "pbkdf2", "pbkdf2Sync", "timingSafeEqual", "verify"]);
let isBorn = false;
const undo = [];
const guard = (owner, name, kept) => {
  const facts = Object.getOwnPropertyDescriptor(owner, name);
  if (typeof facts?.value !== "function" || !facts.writable || kept.has(name)) return;
  const real = facts.value;
  const guarded = function (...args) {
    if (!isBorn) {
      console.error("drew random numbers before it lived:", name);
      process.exit(${String(EXIT_UNBORN)});
    }
    return new.target === undefined ? Reflect.apply(real, this, args) : Reflect.construct(real, args, new.target);
  };
  Object.setPrototypeOf(guarded, real);
  guarded.prototype = real.prototype;
  owner[name] = guarded;
  undo.push(() => { owner[name] = real; });
};
for (const name of Object.getOwnPropertyNames(crypto)) guard(crypto, name, draws);
const web = Object.getPrototypeOf(crypto.webcrypto);
for (const name of Object.getOwnPropertyNames(web)) guard(web, name, new Set(["constructor"]));
const subtle = Object.getPrototypeOf(crypto.webcrypto.subtle);
for (const name of Object.getOwnPropertyNames(subtle)) guard(subtle, name, new Set(["constructor", "digest", "verify"]));
guard(Math, "random", new Set());
syncBuiltinESMExports();

const entry = pathToFileURL(process.argv[1]).href;
const imports = /^[ \\t]*(?:import|export)\\b[^"';]*?\\bfrom[ \\t]*["']([^"']+)["']|^[ \\t]*import[ \\t]*["']([^"']+)["']/gmu;
const ahead = registerHooks({
  load: (url, context, next) => {
    if (url !== entry + "?ahead") return next(url, context);
    const source = readFileSync(fileURLToPath(entry), "utf8");
    return { format: "module", shortCircuit: true, source: [...source.matchAll(imports)].map(([, from, bare]) => "import " + JSON.stringify(from ?? bare) + ";").join("") };
  },
});
await import(entry + "?ahead");
ahead.deregister();

const heldAtMs = Date.now();
const word = JSON.parse(Buffer.from(readFileSync("${BIRTH_PIPE}", "latin1"), "base64").toString());
if (!(Date.now() - heldAtMs > ${String(LEAST_JUMP_MS)})) {
  console.error("the clock did not jump");
  process.exit(${String(EXIT_UNBORN)});
}
isBorn = true;
for (const each of undo) each();
syncBuiltinESMExports();
const numbers = new Uint32Array(256);
let at = numbers.length;
Math.random = () => {
  if (at >= numbers.length) {
    crypto.randomFillSync(numbers);
    at = 0;
  }
  const value = (numbers[at] * 0x200000 + (numbers[at + 1] >>> 11)) / 2 ** 53;
  at += 2;
  return value;
};
Object.assign(process.env, word.env);
`;
