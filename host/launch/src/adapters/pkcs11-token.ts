import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { findTool } from "@crossguardian/isolation";
import { CodedError } from "@crossguardian/kernel";
import { keyIdIn } from "../read-token-listing.ts";
import { tokenTrouble } from "../token-trouble.ts";
import { type TokenUri } from "../token-uri.ts";

/** Longest wait for one answer of a token, in ms; hardware may take seconds, a process on a starved machine more. */
export const TOKEN_DEADLINE_MS = 60_000;
const MAX_OUTPUT_BYTES = 256 * 1024;
const DIGEST_BYTES = 32;
const KEY_BYTES = 32;
const ID_BYTES = 8;
const OTHERS_MAY_READ = 0o077;
const PIN = /^[^\p{Cc}]{4,255}$/u;
/** Variable by which pkcs11-tool gets the PIN: arguments can be read by everyone. */
const PIN_VARIABLE = "CG_TOKEN_PIN";

/** A secret key in a token, which never leaves it. */
export type Token = {
  /** HMAC-SHA256 under the key. @throws token.* */
  readonly hmac: (message: Uint8Array) => Uint8Array;
  /** Makes the key inside the token, where there is none of its label. @throws token.* */
  readonly makeKey: () => void;
};

const readPin = (path: string): string => {
  const facts = statSync(path, { throwIfNoEntry: false });
  if (facts?.isFile() !== true) throw new CodedError("token.pin.missing", { path });
  if ((facts.mode & OTHERS_MAY_READ) !== 0) throw new CodedError("token.pin.exposed", { path });
  const pin = readFileSync(path, "utf8").replace(/\r?\n$/u, "");
  if (!PIN.test(pin)) throw new CodedError("token.pin.missing", { path });
  return pin;
};

/**
 * A key in a PKCS#11 token. Each work is one short process of pkcs11-tool (Debian package opensc), so that a vendor's library is never loaded where root keys
 * are; its arguments are fixed but for the checked parts of the URI. The PIN is given once per work and never again after it was refused.
 */
export const pkcs11Token = ({ token, object, modulePath, pinSource }: TokenUri): Token => {
  const run = (args: readonly string[], input: Uint8Array = new Uint8Array(0)): Buffer => {
    const tool = findTool("pkcs11-tool");
    if (tool === undefined) throw new CodedError("token.tool.missing", {});
    if (!existsSync(modulePath)) throw new CodedError("token.module.missing", { path: modulePath });
    const pin = readPin(pinSource);
    const said = spawnSync(tool, ["--module", modulePath, "--token-label", token, "--login", "--pin", `env:${PIN_VARIABLE}`, ...args], {
      // The library's own settings, like SOFTHSM2_CONF, are those of whoever starts this.
      env: { ...process.env, [PIN_VARIABLE]: pin, LC_ALL: "C" },
      input, timeout: TOKEN_DEADLINE_MS, killSignal: "SIGKILL", maxBuffer: MAX_OUTPUT_BYTES,
    });
    if (said.error !== undefined && "code" in said.error && said.error.code === "ETIMEDOUT") throw new CodedError("token.answer.late", { token, waitedMs: TOKEN_DEADLINE_MS });
    if (said.error !== undefined || said.status !== 0) throw tokenTrouble(said.stderr.toString("utf8"), token);
    return said.stdout;
  };
  const keyId = (): string => keyIdIn(run(["--list-objects", "--type", "secrkey"]).toString("utf8"), object);
  let id: string | null = null;

  return {
    hmac: (message) => {
      id ??= keyId();
      const digest = run(["--sign", "--mechanism", "SHA256-HMAC", "--id", id], message);
      if (digest.length !== DIGEST_BYTES) throw new CodedError("token.answer.failed", { token, bytes: digest.length });
      return new Uint8Array(digest);
    },
    makeKey: () => {
      try {
        id = keyId();
      } catch (error) {
        if (!(error instanceof CodedError) || error.code !== "token.key.absent") throw error;
        const made = randomBytes(ID_BYTES).toString("hex");
        run(["--keygen", "--key-type", `GENERIC:${KEY_BYTES}`, "--label", object, "--id", made, "--usage-sign", "--sensitive", "--private"]);
        id = keyId();
      }
    },
  };
};
