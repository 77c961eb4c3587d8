import { type FailureTable } from "./failure-table.ts";

/** Failure codes of the area `token`: keys in PKCS#11 tokens, and root keys that are wrapped by one. */
export const TOKEN_FAILURES = {
  "token.uri.malformed": { action: "refuse", says: "not pkcs11:token=NAME;object=KEY?module-path=/LIBRARY&pin-source=/FILE, with plain labels and absolute paths" },
  "token.tool.missing": { action: "refuse", says: "pkcs11-tool is not there: install the Debian package opensc" },
  "token.module.missing": { action: "refuse", says: "the token's PKCS#11 library can not be loaded: install the vendor's package (of a software token: softhsm2), or mend module-path" },
  "token.pin.missing": { action: "refuse", says: "the file with the token's PIN is not there, or holds no PIN of 4 to 255 characters: write it at pin-source" },
  "token.pin.exposed": { action: "refuse", says: "the file with the token's PIN can be read by others than its owner: chmod 600 it, and change the PIN" },
  "token.pin.wrong": { action: "refuse", says: "the token refused the PIN; it is not tried again, because tokens lock after a few tries: mend the file at pin-source first" },
  "token.pin.locked": { action: "alarm", says: "the token is locked after wrong PINs: unlock it with its security officer's PIN, and find out who tried" },
  "token.slot.absent": { action: "refuse", says: "no token of this name is there: plug it in, start what serves it, or mend the name" },
  "token.key.absent": { action: "refuse", says: "the token holds no key of this label: mend the label, or have it made by `keys store --make`" },
  "token.key.ambiguous": { action: "refuse", says: "the token holds several keys of this label, or one without an id: give the right one a label of its own and an id" },
  "token.key.extractable": { action: "refuse", says: "the key can be taken out of the token, or once could: use one that was made there as sensitive and not extractable" },
  "token.key.other": { action: "alarm", says: "the token's key is not the one the store was set up with: another token or key has its label; bring the right one back" },
  "token.answer.late": { action: "retry", says: "the token did not answer within the deadline: look at it, and at what serves it" },
  "token.answer.failed": { action: "refuse", says: "the token refused the work, or its answer is not understood; the fact has the PKCS#11 code" },
  "token.store.malformed": { action: "alarm", says: "the description of the key store is damaged: restore dataDir/keys/store.json from a backup, the keys can not be opened without it" },
  "token.store.running": { action: "refuse", says: "houses of the instance run: end them first (crossguardian down)" },
  "token.slot.plain": { action: "alarm", says: "a root key lies open where keys are wrapped by a token: somebody put it there, or a move was interrupted; `keys store` again finishes a move" },
  "token.slot.wrapped": { action: "refuse", says: "a root key is wrapped by a token, and nothing says by which: restore dataDir/keys/store.json from a backup" },
  "token.slot.broken": { action: "alarm", says: "a wrapped root key was altered, is that of another domain, or was wrapped by another token's key: restore it from a backup" },
  "token.memory.missing": { action: "refuse", says: "there is no folder in memory (tmpfs) to lend opened keys to domains: mount one at /run or /dev/shm, root's alone to write" },
} as const satisfies FailureTable;
