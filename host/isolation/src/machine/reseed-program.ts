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

/**
 * x86-64 Linux: reads the secret and the time from standard input, writes the secret to /dev/urandom, which stirs it into the kernel's pool, has the kernel make
 * its generator's key anew of that pool (RNDRESEEDCRNG; random(4)), which a write alone does not do at once, and sets the clock. Ends with 0 where all of it was done.
 * No program of the guest's userland makes that call.
 */
const CODE: readonly number[] = [
  0x48, 0x81, 0xec, ...little(READ_BYTES, 4), // sub rsp, BYTES
  0x31, 0xff, 0x48, 0x89, 0xe6, 0xba, ...little(READ_BYTES, 4), 0x31, 0xc0, 0x0f, 0x05, // read(0, rsp, BYTES)
  0x3d, ...little(READ_BYTES, 4), 0x75, 0x4a, // cmp eax, BYTES; jne fail
  0x48, 0x8d, 0x3d, ...little(0x4f, 4), 0xbe, ...little(1, 4), 0x31, 0xd2, 0xb8, ...little(2, 4), 0x0f, 0x05, // open("/dev/urandom", O_WRONLY, 0)
  0x89, 0xc7, 0x48, 0x89, 0xe6, 0xba, ...little(BIRTH_SECRET_BYTES, 4), 0xb8, ...little(1, 4), 0x0f, 0x05, // write(fd, rsp, SECRET)
  0xbe, ...little(0x5207, 4), 0x31, 0xd2, 0xb8, ...little(16, 4), 0x0f, 0x05, // ioctl(fd, RNDRESEEDCRNG, 0)
  0x85, 0xc0, 0x75, 0x12, // test eax, eax; jne fail
  0x31, 0xff, 0x48, 0x8d, 0x74, 0x24, BIRTH_SECRET_BYTES, 0xb8, ...little(227, 4), 0x0f, 0x05, // clock_settime(CLOCK_REALTIME, rsp + SECRET)
  0x89, 0xc7, 0xeb, 0x05, // mov edi, eax; jmp exit
  0xbf, ...little(1, 4), // fail: mov edi, 1
  0xb8, ...little(60, 4), 0x0f, 0x05, // exit: exit(edi)
];

/** The program as an ELF file. */
export const reseedProgram = (): Uint8Array => {
  const body = [...CODE, ...new TextEncoder().encode("/dev/urandom\0")];
  const size = HEADERS_BYTES + body.length;
  return Uint8Array.from([
    0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, ...new Array<number>(9).fill(0), // ELF, 64 bits, little endian
    ...little(2, 2), ...little(0x3e, 2), ...little(1, 4), ...little(LOAD_ADDRESS + HEADERS_BYTES, 8), ...little(0x40, 8), ...little(0, 8), // executable, x86-64, entry, program header
    ...little(0, 4), ...little(0x40, 2), ...little(0x38, 2), ...little(1, 2), ...little(0, 6),
    ...little(1, 4), ...little(5, 4), ...little(0, 8), ...little(LOAD_ADDRESS, 8), ...little(LOAD_ADDRESS, 8), ...little(size, 8), ...little(size, 8), ...little(0x1000, 8), // PT_LOAD, read and execute
    ...body,
  ]);
};
