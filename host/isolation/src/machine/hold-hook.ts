/** A file of the disk with a machine's image: Node loads it before a program that is started before its guest has a secret. */
export const HOLD_FILE = ".hold.mjs";

/** Where a held domain's jail shows the pipe it waits at. */
export const BIRTH_PIPE = "/birth";

/** Exit code of a domain that drew random numbers while it was held, or whose clock did not jump. */
export const EXIT_UNBORN = 79;

/** Jump of the clock in ms from which every generator of OpenSSL's seeds itself anew, whatever its interval is: the longest that OpenSSL takes is 2^20 s (crypto/rand/rand_local.h). */
const LEAST_JUMP_MS = 30 * 24 * 3_600_000;

/**
 * Lets everything the program imports be loaded, and has the program wait before its first statement for the word that the domain lives. Copies of a held domain begin with one
 * state, so nothing random may be in it: until then all of node:crypto ends the process that may draw a random number, whatever is not known to draw none, and so does a thread, which
 * would have a node:crypto of its own. V8 seeds `Math.random` at its start and can not be told to do it again, so that is replaced. What is done after the word is kept short: an
 * emulated processor meets all of it for the first time.
 */
export const HOLD_HOOK = `import crypto from "node:crypto";
import { readFileSync } from "node:fs";
import { Socket } from "node:net";
import { registerHooks, syncBuiltinESMExports } from "node:module";
import { pathToFileURL } from "node:url";
import threads from "node:worker_threads";
const harmless = new Set(["Hash", "Hmac", "KeyObject", "Verify", "X509Certificate", "createHash", "createHmac", "createPrivateKey", "createPublicKey", "createSecretKey", "createVerify", "getCipherInfo", "getCiphers", "getCurves", "getFips", "getHashes", "hash", "hkdf", "hkdfSync", "pbkdf2", "pbkdf2Sync", "timingSafeEqual", "verify"]);
let isBorn = false;
const end = (why) => {
  console.error(why);
  process.exit(${String(EXIT_UNBORN)});
};
const guard = (owner, name, kept) => {
  const facts = Object.getOwnPropertyDescriptor(owner, name);
  if (typeof facts?.value !== "function" || !facts.writable || kept.has(name)) return;
  const real = facts.value;
  const guarded = function (...args) {
    if (!isBorn) end("drew random numbers before it lived: " + name);
    return new.target === undefined ? Reflect.apply(real, this, args) : Reflect.construct(real, args, new.target === guarded ? real : new.target);
  };
  Object.setPrototypeOf(guarded, real);
  guarded.prototype = real.prototype;
  owner[name] = guarded;
};
for (const name of Object.getOwnPropertyNames(crypto)) guard(crypto, name, harmless);
const web = Object.getPrototypeOf(crypto.webcrypto);
for (const name of Object.getOwnPropertyNames(web)) guard(web, name, new Set(["constructor"]));
const subtle = Object.getPrototypeOf(crypto.webcrypto.subtle);
for (const name of Object.getOwnPropertyNames(subtle)) guard(subtle, name, new Set(["constructor", "digest", "verify"]));
guard(threads, "Worker", new Set());
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

const read = (text) => JSON.parse(Buffer.from(text, "base64").toString());
// Compiled once, so that it is compiled when the copies go on.
read("e30=");
new Socket({ readable: true, writable: true, allowHalfOpen: true }).on("data", () => undefined).destroy();
globalThis.crossguardianHold = () => {
  delete globalThis.crossguardianHold;
  const heldAtMs = Date.now();
  const word = read(readFileSync("${BIRTH_PIPE}", "latin1"));
  if (!(Date.now() - heldAtMs > ${String(LEAST_JUMP_MS)})) end("the clock did not jump");
  isBorn = true;
  Object.assign(process.env, word.env);
};
const entry = pathToFileURL(process.argv[1]).href;
registerHooks({
  load: (url, context, next) => {
    const loaded = next(url, context);
    return url === entry ? { ...loaded, source: "crossguardianHold();" + loaded.source } : loaded;
  },
});
`;
