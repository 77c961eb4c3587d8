/** A cell of memory that holds the result of a call. */
export type Slot = { readonly slot: number };
/** What a call is given: a number, an address, or the result of an earlier call. */
export type Operand = number | bigint | Slot;

/** Where data is loaded; the cells come first. */
export const DATA_ADDRESS = 0x10_00000;
/** Bytes of a cell. */
export const WORD_BYTES = 8;

const MAX_SLOTS = 2_048;
const REGISTER = { rax: 0, rcx: 1, rdx: 2, rbx: 3, rsp: 4, rbp: 5, rsi: 6, rdi: 7, r8: 8, r9: 9, r10: 10 } as const;
/** Registers that calls use. */
export type Register = keyof typeof REGISTER;

const isSlot = (operand: Operand): operand is Slot => typeof operand === "object";

/** Little-endian bytes. */
export const int32 = (value: number): readonly number[] => [value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, (value >> 24) & 0xff];

/** Little-endian bytes. */
export const int64 = (value: number | bigint): readonly number[] => {
  let left = BigInt.asUintN(64, BigInt(value));
  return Array.from({ length: WORD_BYTES }, () => {
    const byte = Number(left & 0xffn);
    left >>= 8n;
    return byte;
  });
};

/** Code and data of a program under construction. */
export type MachineCode = {
  readonly emit: (...bytes: readonly number[]) => void;
  readonly newSlot: () => Slot;
  readonly addressOf: (slot: Slot) => number;
  readonly load: (register: Register, operand: Operand) => void;
  readonly storeRax: (address: number) => void;
  /** Bytes in the data, at an even place; the address. */
  readonly put: (values: Iterable<number>) => number;
  /** Code that is jumped over where the condition of `opcode` holds for a cell compared with 0. */
  readonly unless: (opcode: readonly number[], slot: Slot, body: () => void) => void;
  readonly jumpBack: (opcode: readonly number[], target: number) => void;
  readonly here: () => number;
  readonly slots: () => number;
  readonly code: () => Uint8Array;
  readonly data: () => Uint8Array;
};

/** Begins a program: instructions of x86-64 (Intel SDM volume 2). */
export const makeMachineCode = (): MachineCode => {
  const code: number[] = [];
  const data: number[] = Array.from({ length: MAX_SLOTS * WORD_BYTES }, () => 0);
  let slots = 0;
  const addressOf = ({ slot }: Slot): number => DATA_ADDRESS + slot * WORD_BYTES;
  const emit = (...bytes: readonly number[]): void => {
    for (const byte of bytes) code.push(byte);
  };
  return {
    emit,
    addressOf,
    newSlot: () => {
      if (slots === MAX_SLOTS) throw new Error("a probe has too many cells");
      slots += 1;
      return { slot: slots - 1 };
    },
    load: (register, operand) => {
      const number = REGISTER[register];
      if (isSlot(operand)) emit(0x48 | (number > 7 ? 4 : 0), 0x8b, 0x04 | ((number & 7) << 3), 0x25, ...int32(addressOf(operand)));
      else emit(0x48 | (number > 7 ? 1 : 0), 0xb8 | (number & 7), ...int64(operand));
    },
    storeRax: (address) => emit(0x48, 0x89, 0x04, 0x25, ...int32(address)),
    put: (values) => {
      while (data.length % 16 !== 0) data.push(0);
      const at = DATA_ADDRESS + data.length;
      for (const value of values) data.push(value);
      return at;
    },
    unless: (opcode, slot, body) => {
      emit(0x48, 0x83, 0x3c, 0x25, ...int32(addressOf(slot)), 0, ...opcode, 0, 0, 0, 0); // cmp qword [slot], 0
      const from = code.length;
      body();
      code.splice(from - 4, 4, ...int32(code.length - from));
    },
    jumpBack: (opcode, target) => {
      emit(...opcode);
      emit(...int32(target - (code.length + 4)));
    },
    here: () => code.length,
    slots: () => slots,
    code: () => Uint8Array.from(code),
    data: () => Uint8Array.from(data),
  };
};
