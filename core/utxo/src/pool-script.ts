import { concatBytes, type Hash } from "@crossguardian/kernel";

const OP = { zero: 0x00, one: 0x51, if: 0x63, else: 0x67, endIf: 0x68, drop: 0x75, checkMultisig: 0xae, checkSequence: 0xb2 } as const;
const MAX_KEYS = 15;

/** Who may spend a pool: t of n signers at once, or governance once an output has lain for so many blocks. */
export type PoolKeys = {
  readonly threshold: number;
  /** Compressed public keys, ascending. */
  readonly signers: readonly Uint8Array[];
  readonly recovery: { readonly blocks: number; readonly threshold: number; readonly governors: readonly Uint8Array[] };
};

const push = (bytes: Uint8Array): Uint8Array => concatBytes([Uint8Array.of(bytes.length), bytes]);

const smallNumber = (value: number): Uint8Array => {
  if (value >= 1 && value <= 16) return Uint8Array.of(OP.one + value - 1);
  const bytes: number[] = [];
  for (let rest = value; rest > 0; rest >>= 8) bytes.push(rest & 0xff);
  if ((bytes.at(-1) ?? 0) >= 0x80) bytes.push(0);
  return push(Uint8Array.from(bytes));
};

const multisig = (threshold: number, keys: readonly Uint8Array[]): Uint8Array => {
  if (threshold < 1 || threshold > keys.length || keys.length > MAX_KEYS) throw new RangeError("a threshold of 1 to n of at most 15 keys");
  return concatBytes([smallNumber(threshold), ...keys.map(push), smallNumber(keys.length), Uint8Array.of(OP.checkMultisig)]);
};

/** IF t of n signers ELSE after `blocks` m governors ENDIF. */
export const poolScript = ({ threshold, signers, recovery }: PoolKeys): Uint8Array =>
  concatBytes([
    Uint8Array.of(OP.if), multisig(threshold, signers),
    Uint8Array.of(OP.else), smallNumber(recovery.blocks), Uint8Array.of(OP.checkSequence, OP.drop), multisig(recovery.threshold, recovery.governors),
    Uint8Array.of(OP.endIf),
  ]);

/** The pool's name in hashes and registrations: SHA-256 of its script. */
export const poolProgram = (sha256: Hash, script: Uint8Array): Uint8Array => sha256(script);

/** Output script that pays to a script by its program. */
export const payToProgram = (program: Uint8Array): Uint8Array => concatBytes([Uint8Array.of(OP.zero, program.length), program]);

/** Witness by which t signers spend: signatures in the order of their keys, then the branch, then the script. */
export const signersWitness = (signatures: readonly Uint8Array[], script: Uint8Array): readonly Uint8Array[] => [new Uint8Array(0), ...signatures, Uint8Array.of(1), script];

/** Witness by which governance spends after the delay. */
export const recoveryWitness = (signatures: readonly Uint8Array[], script: Uint8Array): readonly Uint8Array[] => [new Uint8Array(0), ...signatures, new Uint8Array(0), script];
