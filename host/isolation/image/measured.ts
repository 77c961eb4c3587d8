import { generateKeyPairSync, hash, sign, verify } from "node:crypto";
import { Socket } from "node:net";
import { createInterface } from "node:readline";

/** Domain whose costs `crossguardian isolation` measures: it answers lines on its channel and touches nothing else. */
const channel = new Socket({ fd: Number(process.env["CG_CHANNEL"] ?? "3"), readable: true, writable: true });
const CRYPTO_MS = 200;

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

createInterface({ input: channel }).on("line", (line) => {
  if (line === "crypto") channel.write(`${JSON.stringify(crypto())}\n`);
  else if (line !== "frame".padEnd(line.length, ".")) channel.write(`${line}\n`);
});
channel.on("end", () => process.exit(0));
channel.write("up\n");
