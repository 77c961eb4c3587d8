import { readFileSync, statSync } from "node:fs";

import { CodedError } from "@crossguardian/kernel";

const OTHERS_MAY_READ = 0o077;
/** Largest certificate, key or list of revocations, in bytes; also of a connection profile. */
export const MAX_FABRIC_FILE_BYTES = 256 * 1024;

/** A file by the field of the configuration that names it. */
export type NamedFile = { readonly field: string; readonly path: string };

/** A file that is not what it has to be. */
export const badFile = ({ field, path }: NamedFile, wanted: string, cause?: unknown): CodedError => new CodedError("config.fabric.file", { field, path, wanted }, { cause });

/** @throws config.fabric.file */
export const readNamed = (file: NamedFile): Uint8Array => {
  try {
    const { size } = statSync(file.path);
    if (size > MAX_FABRIC_FILE_BYTES) throw badFile(file, `at most ${MAX_FABRIC_FILE_BYTES} bytes`);
    return new Uint8Array(readFileSync(file.path));
  } catch (cause) {
    if (cause instanceof CodedError) throw cause;
    throw badFile(file, "a file that can be read", cause);
  }
};

/** A file that only its owner can read. @throws config.fabric.file, config.fabric.exposed */
export const readSecretNamed = (file: NamedFile): Uint8Array => {
  const bytes = readNamed(file);
  if ((statSync(file.path).mode & OTHERS_MAY_READ) !== 0) throw new CodedError("config.fabric.exposed", { ...file, fix: `chmod 600 ${file.path}` });
  return bytes;
};
