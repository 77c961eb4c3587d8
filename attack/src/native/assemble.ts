import { encodeElf } from "./elf.ts";
import { DATA_ADDRESS, int32, int64, makeMachineCode, type MachineCode, type Operand, type Register, type Slot, WORD_BYTES } from "./machine-code.ts";
import { SYSCALL } from "./syscall-numbers.ts";

/** A system call by name or by number. */
export type Call = keyof typeof SYSCALL | number;

/** Writes a hostile program as machine code for x86-64; see `assemble`. */
export type Program = {
  /** A system call of the 64-bit kind; the result is negative where it failed. */
  readonly sys: (call: Call, ...operands: readonly Operand[]) => Slot;
  /** The same through the entry of 32-bit programs, by its own numbers (int 0x80). */
  readonly sys32: (number: number, ...operands: readonly Operand[]) => Slot;
  /** A text with its closing zero; the address of it. */
  readonly text: (value: string) => number;
  readonly bytes: (value: Uint8Array) => number;
  /** 64-bit words in memory, for structures of the kernel. */
  readonly words: (...values: readonly (number | bigint)[]) => number;
  /** Empty memory. */
  readonly room: (length: number) => number;
  /** Copies the 32 bits at an address into a cell: for descriptors that the kernel writes into memory. */
  readonly load32: (address: number) => Slot;
  readonly store64: (address: number, value: Operand) => void;
  /** Writes 32 or 64 bits at an offset from a pointer that a call gave back. */
  readonly poke: (pointer: Slot, offset: Operand, value: Operand, bits: 32 | 64) => void;
  readonly whenZero: (slot: Slot, body: () => void) => void;
  readonly whenGood: (slot: Slot, body: () => void) => void;
  readonly whenBad: (slot: Slot, body: () => void) => void;
  readonly times: (count: number, body: () => void) => void;
  readonly forever: (body: () => void) => void;
  /** Instructions as they are. */
  readonly raw: (...bytes: readonly number[]) => void;
};

/** A program ready to run, and how much it tells on its channel. */
export type Assembled = { readonly elf: Uint8Array; readonly slots: number };

/** Comes on the channel before the cells, when a program has done its work. */
export const REPORT_MARK = "CG-PROBE-REPORT\n";
/** Comes before that, where somebody has to know that a program waits for its sign. */
export const BEGIN_MARK = "CG-PROBE-BEGUN\n";
/** The channel of every domain. */
export const CHANNEL_FD = 3;

const SIGN = 1n << 63n;
const ARGUMENTS: readonly Register[] = ["rdi", "rsi", "rdx", "r10", "r8", "r9"];
const ARGUMENTS_32: readonly Register[] = ["rbx", "rcx", "rdx", "rsi", "rdi", "rbp"];
const NOT_ZERO = [0x0f, 0x85] as const;
const BELOW_ZERO = [0x0f, 0x8c] as const;
const NOT_BELOW_ZERO = [0x0f, 0x8d] as const;
const JUMP = [0xe9] as const;

const makeProgram = (machine: MachineCode): Program => {
  const { emit, load, storeRax, put, newSlot, addressOf, unless, here, jumpBack } = machine;
  const kept = (): Slot => {
    const slot = newSlot();
    storeRax(addressOf(slot));
    return slot;
  };
  const call = (registers: readonly Register[], number: number, operands: readonly Operand[], ...instructions: readonly number[]): Slot => {
    operands.forEach((operand, at) => load(registers[at] ?? "r9", operand));
    load("rax", number);
    emit(...instructions);
    return kept();
  };
  return {
    sys: (name, ...operands) => call(ARGUMENTS, typeof name === "number" ? name : SYSCALL[name], operands, 0x0f, 0x05),
    sys32: (number, ...operands) => call(ARGUMENTS_32, number, operands, 0xcd, 0x80, 0x48, 0x98), // int 0x80; cdqe
    text: (value) => put([...Buffer.from(value, "utf8"), 0]),
    bytes: put,
    words: (...values) => put(values.flatMap(int64)),
    room: (length) => put(new Uint8Array(length)),
    load32: (address) => {
      emit(0x48, 0x63, 0x04, 0x25, ...int32(address)); // movsxd rax, dword [address]
      return kept();
    },
    store64: (address, value) => {
      load("rax", value);
      storeRax(address);
    },
    poke: (pointer, offset, value, bits) => {
      load("rcx", pointer);
      load("rdx", offset);
      emit(0x48, 0x01, 0xd1); // add rcx, rdx
      load("rax", value);
      emit(...(bits === 64 ? [0x48] : []), 0x89, 0x01); // mov [rcx], rax
    },
    whenZero: (slot, body) => unless(NOT_ZERO, slot, body),
    whenGood: (slot, body) => unless(BELOW_ZERO, slot, body),
    whenBad: (slot, body) => unless(NOT_BELOW_ZERO, slot, body),
    times: (count, body) => {
      load("rax", count);
      const left = kept();
      const start = here();
      body();
      emit(0x48, 0xff, 0x0c, 0x25, ...int32(addressOf(left))); // dec qword [left]
      jumpBack(NOT_ZERO, start);
    },
    forever: (body) => {
      const start = here();
      body();
      jumpBack(JUMP, start);
    },
    raw: emit,
  };
};

/** Turns a description into an ELF program that does it, tells every cell on its channel, waits for a byte there and ends. */
export const assemble = (describe: (program: Program) => void): Assembled => {
  const machine = makeMachineCode();
  const program = makeProgram(machine);
  // The end of a channel that Node made does not wait; here every read does.
  program.sys("fcntl", CHANNEL_FD, 4, 2); // F_SETFL, O_RDWR
  describe(program);
  const told = machine.slots();
  program.sys("write", CHANNEL_FD, program.text(REPORT_MARK), REPORT_MARK.length);
  program.sys("write", CHANNEL_FD, DATA_ADDRESS, told * WORD_BYTES);
  program.sys("read", CHANNEL_FD, program.room(1), 1);
  program.sys("exit_group", 0);
  return { elf: encodeElf(machine.code(), { address: DATA_ADDRESS, bytes: machine.data() }), slots: told };
};

/** The cells of a report, as signed numbers. */
export const readCells = (report: Uint8Array): readonly bigint[] => {
  const view = new DataView(report.buffer, report.byteOffset, report.byteLength);
  return Array.from({ length: Math.floor(report.length / WORD_BYTES) }, (_, at) => {
    const value = view.getBigUint64(at * WORD_BYTES, true);
    return value >= SIGN ? value - (SIGN << 1n) : value;
  });
};
