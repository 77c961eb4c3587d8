/** Bytes of randomness a guest is given when it begins to live. */
export const BIRTH_SECRET_BYTES = 64;
const TIMESPEC_BYTES = 16;
const READ_BYTES = BIRTH_SECRET_BYTES + TIMESPEC_BYTES;

const LOAD_ADDRESS = 0x40_0000;
const HEADERS_BYTES = 0x40 + 0x38;

const little = (value: number, length: number): readonly number[] => Array.from({ length }, (_, at) => Math.floor(value / 256 ** at) % 256);

/** What the program reads: the secret, then the time as Linux's `struct timespec`. */
export const birthBytes = (secret: Uint8Array, nowMs: number): Uint8Array => {
  const seconds = Math.floor(nowMs / 1_000);
  return Uint8Array.from([...secret, ...little(seconds, 8), ...little((nowMs % 1_000) * 1_000_000, 8)]);
};

const text = (characters: string): readonly number[] => [...new TextEncoder().encode(characters)];
const URANDOM = text("/dev/urandom\0");
const DONE = text("1\n");
const FAILED = text("0\n");
const LINGER = [...little(1, 8), ...little(0, 8)]; // struct timespec
/** In the order in which they lie behind the code. */
const DATA: readonly (readonly number[])[] = [URANDOM, DONE, FAILED, LINGER];

/** Code in front of `left` bytes of it; the data follow those. */
type Step = (left: number) => readonly number[];
const bytes = (...code: readonly number[]): Step => () => code;
const call = (number: number): Step => bytes(0xb8, ...little(number, 4), 0x0f, 0x05); // mov eax, number; syscall
/** `lea` of rdi or rsi, relative to the next instruction. */
const address = (register: "rdi" | "rsi", datum: readonly number[]): Step => {
  const offset = DATA.slice(0, DATA.indexOf(datum)).flat().length;
  return (left) => [0x48, 0x8d, register === "rdi" ? 0x3d : 0x35, ...little(left + offset, 4)];
};
const inTurn = (...steps: readonly Step[]): Step => (left) => steps.reduceRight<readonly number[]>((after, step) => [...step(left + after.length), ...after], []);

const say = (datum: readonly number[]): Step => inTurn(bytes(0xbf, ...little(1, 4)), address("rsi", datum), bytes(0xba, ...little(2, 4)), call(1)); // mov edi, 1; mov edx, 2; write
const exit = (code: number): Step => inTurn(bytes(0xbf, ...little(code, 4)), call(60)); // mov edi, code; exit
const FAIL = inTurn(say(FAILED), exit(1));
const FAIL_BYTES = FAIL(0).length;
/** Goes to the end, which is what to do after a failure, unless the flags say equal. */
const orFail: Step = (left) => [0x0f, 0x85, ...little(left - FAIL_BYTES, 4)]; // jne

/**
 * x86-64 Linux: reads the secret and the time from standard input, writes the secret to /dev/urandom, which stirs it into the kernel's pool, has the kernel make
 * its generator's key anew of that pool (RNDRESEEDCRNG; random(4)), which a write alone does not do at once, and sets the clock. It says `1` where all of it was done, else `0`,
 * and ends a second later: a process's end is long for an emulated processor that meets it for the first time, and a domain waits meanwhile.
 * No program of the guest's userland makes that call.
 */
const CODE = inTurn(
  bytes(0x48, 0x81, 0xec, ...little(READ_BYTES, 4), 0x31, 0xff, 0x48, 0x89, 0xe6, 0xba, ...little(READ_BYTES, 4)), call(0), // sub rsp, BYTES; read(0, rsp, BYTES)
  bytes(0x3d, ...little(READ_BYTES, 4)), orFail, // cmp eax, BYTES
  address("rdi", URANDOM), bytes(0xbe, ...little(1, 4), 0x31, 0xd2), call(2), // open("/dev/urandom", O_WRONLY, 0)
  bytes(0x89, 0xc7, 0x48, 0x89, 0xe6, 0xba, ...little(BIRTH_SECRET_BYTES, 4)), call(1), // write(fd, rsp, SECRET)
  bytes(0xbe, ...little(0x5207, 4), 0x31, 0xd2), call(16), bytes(0x85, 0xc0), orFail, // ioctl(fd, RNDRESEEDCRNG, 0); test eax, eax
  bytes(0x31, 0xff, 0x48, 0x8d, 0x74, 0x24, BIRTH_SECRET_BYTES), call(227), bytes(0x85, 0xc0), orFail, // clock_settime(CLOCK_REALTIME, rsp + SECRET)
  say(DONE), address("rdi", LINGER), bytes(0x31, 0xf6), call(35), exit(0), // nanosleep
  FAIL,
)(0);

/** The program as an ELF file. */
export const reseedProgram = (): Uint8Array => {
  const body = [...CODE, ...DATA.flat()];
  const size = HEADERS_BYTES + body.length;
  return Uint8Array.from([
    0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, ...new Array<number>(9).fill(0), // ELF, 64 bits, little endian
    ...little(2, 2), ...little(0x3e, 2), ...little(1, 4), ...little(LOAD_ADDRESS + HEADERS_BYTES, 8), ...little(0x40, 8), ...little(0, 8), // executable, x86-64, entry, program header
    ...little(0, 4), ...little(0x40, 2), ...little(0x38, 2), ...little(1, 2), ...little(0, 6),
    ...little(1, 4), ...little(5, 4), ...little(0, 8), ...little(LOAD_ADDRESS, 8), ...little(LOAD_ADDRESS, 8), ...little(size, 8), ...little(size, 8), ...little(0x1000, 8), // PT_LOAD, read and execute
    ...body,
  ]);
};
