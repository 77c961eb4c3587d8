import { CHANNEL_FD, type Program } from "./assemble.ts";
import { type Operand, type Slot } from "./machine-code.ts";
import { AF_INET, AF_INET6, AF_UNIX, AT_FDCWD, O_CREAT, O_RDONLY, O_WRONLY, SOCK_DGRAM, SOCK_STREAM } from "./constants.ts";

const PIECE_BYTES = 65_536;

/** Opens a path; the descriptor or a negative number. */
export const open = (program: Program, path: string, flags: number = O_RDONLY, mode = 0o644): Slot => program.sys("openat", AT_FDCWD, program.text(path), flags, mode);

/** Reads from a descriptor and says on the channel what it read. */
export const tell = (program: Program, fd: Operand, length = PIECE_BYTES): void => {
  const room = program.room(length);
  const read = program.sys("read", fd, room, length);
  program.whenGood(read, () => program.sys("write", CHANNEL_FD, room, read));
};

/** Reads files and says on the channel what is in them. */
export const tellFiles = (program: Program, paths: readonly string[]): void => {
  for (const path of paths) tell(program, open(program, path));
};

/** Writes a text to paths, made where they are not there. */
export const writeFiles = (program: Program, paths: readonly string[], text: string, flags = O_WRONLY | O_CREAT): void => {
  for (const path of paths) {
    const fd = open(program, path, flags);
    program.whenGood(fd, () => program.sys("write", fd, program.text(text), text.length));
  }
};

const bigEndianPort = (port: number): readonly number[] => [port >> 8, port & 0xff];

/** Address of a socket in memory, and its length. */
export const addressOf = {
  unix: (program: Program, path: string): readonly [number, number] => {
    const bytes = Uint8Array.from([AF_UNIX, 0, ...Buffer.from(path, "latin1"), ...(path.startsWith("\0") ? [] : [0])]);
    return [program.bytes(bytes), bytes.length];
  },
  inet: (program: Program, port: number, host: readonly number[] = [127, 0, 0, 1]): readonly [number, number] => [
    program.bytes(Uint8Array.from([AF_INET, 0, ...bigEndianPort(port), ...host, 0, 0, 0, 0, 0, 0, 0, 0])),
    16,
  ],
  inet6: (program: Program, port: number): readonly [number, number] => [
    program.bytes(Uint8Array.from([AF_INET6, 0, ...bigEndianPort(port), 0, 0, 0, 0, ...Array.from({ length: 15 }, () => 0), 1, 0, 0, 0, 0])),
    28,
  ],
};

/** Connects a stream and says a word; the answer comes out on the channel when it is waited for. */
export const sayTo = (program: Program, family: number, [address, length]: readonly [number, number], word: string, isAnswered = false): void => {
  const socket = program.sys("socket", family, SOCK_STREAM, 0);
  const connected = program.sys("connect", socket, address, length);
  program.whenGood(connected, () => {
    program.sys("write", socket, program.text(word), word.length);
    if (isAnswered) tell(program, socket);
  });
};

/** Sends a word as a datagram. */
export const throwAt = (program: Program, family: number, [address, length]: readonly [number, number], word: string): void => {
  const socket = program.sys("socket", family, SOCK_DGRAM, 0);
  program.sys("sendto", socket, program.text(word), word.length, 0, address, length);
};
