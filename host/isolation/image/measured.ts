import { generateKeyPairSync, hash, sign, verify } from "node:crypto";
import { Socket } from "node:net";

/** Domain whose costs `crossguardian isolation` and `analyze overhead` measure: it answers lines on its channel and touches nothing else. */
const channel = new Socket({ fd: Number(process.env["CG_CHANNEL"] ?? "3"), readable: true, writable: true });
const CRYPTO_MS = 200;
const CALLS = 2_000;
const PAGE_BYTES = 4_096;
/** Above the most that malloc keeps for the next one who asks (32 MiB, mallopt(3)): the pages of such a piece are always new. */
const FRESH_BYTES = 64 * 1024 * 1024;
const NEWLINE = 10;
const NS_PER_MS = 1e6;
const US_PER_MS = 1e3;

const perSecond = (work: () => void): number => {
  const start = performance.now();
  let count = 0;
  for (; performance.now() - start < CRYPTO_MS; count += 1) work();
  return Math.round((count * 1_000) / (performance.now() - start));
};

const crypto = (): Readonly<Record<string, number>> => {
  const bytes = new Uint8Array(500);
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const signature = sign(null, bytes, privateKey);
  return { sha256: perSecond(() => void hash("sha256", bytes)), verify: perSecond(() => void verify(null, bytes, publicKey, signature)) };
};

/** Nanoseconds of the cheapest call of its kernel, that of the runtime included. */
const callNs = (): number => {
  const start = performance.now();
  for (let left = CALLS; left > 0; left -= 1) process.getuid?.();
  return ((performance.now() - start) * NS_PER_MS) / CALLS;
};

/** Microseconds until so many pages of a fresh mapping were written to. */
const touchUs = (pages: number): number => {
  const memory = new Uint8Array(FRESH_BYTES);
  const start = performance.now();
  for (let at = 0; at < pages * PAGE_BYTES; at += PAGE_BYTES) memory[at] = 1;
  const elapsed = performance.now() - start;
  memory.buffer.transfer(0); // given back now, not when the collector comes by
  return elapsed * US_PER_MS;
};

/** Bytes that come as they are before the next line. */
let left = 0;
let rest = "";

const hear = (line: string): void => {
  const [word, number = "0"] = line.split(" ");
  if (word === "take") left = Number(number);
  else if (word === "call") channel.write(`${String(callNs())}\n`);
  else if (word === "touch") channel.write(`${String(touchUs(Number(number)))}\n`);
  else if (line === "crypto") channel.write(`${JSON.stringify(crypto())}\n`);
  else if (line !== "frame".padEnd(line.length, ".")) channel.write(`${line}\n`);
};

channel.on("data", (chunk: Buffer) => {
  for (let bytes = chunk; bytes.length > 0; ) {
    if (left > 0) {
      const taken = Math.min(left, bytes.length);
      left -= taken;
      bytes = bytes.subarray(taken);
      if (left === 0) channel.write("done\n");
      continue;
    }
    const end = bytes.indexOf(NEWLINE);
    if (end < 0) {
      rest += bytes.toString("latin1");
      break;
    }
    const line = rest + bytes.toString("latin1", 0, end);
    rest = "";
    bytes = bytes.subarray(end + 1);
    hear(line);
  }
});
channel.on("end", () => process.exit(0));
channel.write("up\n");
