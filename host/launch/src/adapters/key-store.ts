import { hkdfSync, randomBytes, timingSafeEqual } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { CodedError, concatBytes, decodeJson, decodeKeySlot, encodeKeySlot, fromHex, ROOT_KEY_BYTES, type RootKey, toHex, utf8 } from "@crossguardian/kernel";
import { parseTokenUri } from "../token-uri.ts";
import { pkcs11Token, type Token } from "./pkcs11-token.ts";
import { isWrapped, unwrapSlot, wrapSlot } from "./wrapped-slot.ts";

const SALT_BYTES = 16;
const STORE_LABEL = utf8("crossguardian/key-store/v1");
const CHECK_INFO = "crossguardian/key-store-check/v1";
const MAX_DOCUMENT_BYTES = 4_096;

/** How the root keys in a folder are kept: as they are, or wrapped under a key that never leaves a token. */
export type KeyStore = {
  /** The token's URI; null: keys lie in files as they are. */
  readonly uri: string | null;
  /** Asks the token now, so that later work needs it no more. @throws token.* */
  readonly open: () => void;
  /** Opens the bytes of a slot. @throws token.*, crypto.key.length */
  readonly decode: (slotPath: string, bytes: Uint8Array) => RootKey;
  /** The bytes of a slot. @throws token.* */
  readonly encode: (slotPath: string, root: RootKey) => Uint8Array;
};

type Document = { readonly uri: string; readonly salt: Uint8Array; readonly check: Uint8Array };

/** File that says which token wraps the keys of a folder. */
export const storePath = (folder: string): string => join(folder, "store.json");

/** Whom a slot belongs to: the name of its file, also of the next key beside it. */
const ownerOf = (slotPath: string): string => basename(slotPath).replace(/\.key(\.next)?$/u, "");

const storeKeyOf = (token: Token, salt: Uint8Array): Uint8Array => token.hmac(concatBytes([STORE_LABEL, salt]));
const checkOf = (storeKey: Uint8Array): Uint8Array => new Uint8Array(hkdfSync("sha256", storeKey, new Uint8Array(0), CHECK_INFO, ROOT_KEY_BYTES));

const describe = ({ uri, salt, check }: Document): string => JSON.stringify({ version: 1, uri, salt: toHex(salt), check: toHex(check) });

const readDocument = (path: string): Document => {
  try {
    const text = readFileSync(path, "utf8");
    if (text.length > MAX_DOCUMENT_BYTES) throw new Error("length");
    const { version, uri, salt, check } = decodeJson(text) as Readonly<Record<string, unknown>>;
    if (version !== 1 || typeof uri !== "string" || typeof salt !== "string" || typeof check !== "string") throw new Error("fields");
    return { uri, salt: fromHex(salt, SALT_BYTES), check: fromHex(check, ROOT_KEY_BYTES) };
  } catch (cause) {
    throw new CodedError("token.store.malformed", { path }, { cause });
  }
};

const plainStore: KeyStore = {
  uri: null,
  open: () => undefined,
  decode: (slotPath, bytes) => {
    if (isWrapped(bytes)) throw new CodedError("token.slot.wrapped", { owner: ownerOf(slotPath) });
    return decodeKeySlot(bytes);
  },
  encode: (_slotPath, root) => encodeKeySlot(root),
};

const tokenStore = (uri: string, storeKey: () => Uint8Array): KeyStore => ({
  uri,
  open: () => void storeKey(),
  decode: (slotPath, bytes) => {
    const owner = ownerOf(slotPath);
    if (!isWrapped(bytes)) throw new CodedError("token.slot.plain", { owner });
    return unwrapSlot(storeKey(), owner, bytes);
  },
  encode: (slotPath, root) => wrapSlot(storeKey(), ownerOf(slotPath), root),
});

/** The store of a folder of slots. A token is asked once, at the first use. @throws token.store.malformed */
export const openKeyStore = (folder: string): KeyStore => {
  const path = storePath(folder);
  if (!existsSync(path)) return plainStore;
  const { uri, salt, check } = readDocument(path);
  let known: Uint8Array | null = null;
  return tokenStore(uri, () => {
    if (known === null) {
      const key = storeKeyOf(pkcs11Token(parseTokenUri(uri)), salt);
      if (!timingSafeEqual(checkOf(key), check)) throw new CodedError("token.key.other", { folder });
      known = key;
    }
    return known;
  });
};

/** The description of a folder's store for the same key by another URI; null: it is another key. @throws token.* */
export const documentFor = (folder: string, uri: string): string | null => {
  const { salt, check } = readDocument(storePath(folder));
  const found = checkOf(storeKeyOf(pkcs11Token(parseTokenUri(uri)), salt));
  return timingSafeEqual(found, check) ? describe({ uri, salt, check }) : null;
};

/** Describes a store of a token's key, for a folder that has none of that key yet; `makes`: the key is made in the token where it is absent. @throws token.* */
export const newTokenStore = (uri: string, makes: boolean): { readonly store: KeyStore; readonly document: string } => {
  const token = pkcs11Token(parseTokenUri(uri));
  if (makes) token.makeKey();
  const salt = randomBytes(SALT_BYTES);
  const key = storeKeyOf(token, salt);
  return { store: tokenStore(uri, () => key), document: describe({ uri, salt, check: checkOf(key) }) };
};
