import { assemble, CHANNEL_FD, type Program, REPORT_MARK } from "../native/assemble.ts";
import { hostileProgram } from "../native/hostile-program.ts";
import { type Targets } from "./targets.ts";

const IPC_CREAT = 0o1000;
const IPC_RMID = 0;
const OWNER_ONLY = 0o600;
const O_CREAT_RDWR = 0o102;
const USER_KEYRING = -4;
const MESSAGE_TYPE = 1;

/** A program that keeps a secret in its memory, and where. */
export const victimProgram = (secret: string): { readonly elf: Uint8Array; readonly address: number } => {
  let address = 0;
  const { elf } = hostileProgram((program) => {
    address = program.text(secret);
  });
  return { elf, address };
};

const stillThere = (program: Program): void => {
  program.sys("write", CHANNEL_FD, program.text(REPORT_MARK), REPORT_MARK.length);
  program.sys("read", CHANNEL_FD, program.room(1), 1);
};

/** Root's own objects of System V and POSIX IPC and of the keyring, each with a secret in it, until it hears a byte. */
export const operatorObjects = ({ key, queue, keyName, secret }: Targets["ipc"]): Uint8Array =>
  hostileProgram((program) => {
    const text = program.text(secret);
    const segment = program.sys("shmget", key, 4_096, IPC_CREAT | OWNER_ONLY);
    const place = program.sys("shmat", segment, 0, 0);
    const pipe = program.room(8);
    program.sys("pipe2", pipe, 0);
    program.sys("write", program.load32(pipe + 4), text, secret.length);
    program.sys("read", program.load32(pipe), place, secret.length);
    const messages = program.sys("msgget", key, IPC_CREAT | OWNER_ONLY);
    const message = program.bytes(Buffer.concat([Buffer.from(BigUint64Array.of(BigInt(MESSAGE_TYPE)).buffer), Buffer.from(secret)]));
    program.times(4, () => program.sys("msgsnd", messages, message, secret.length, 0));
    const path = program.text(queue);
    const posix = program.sys("mq_open", path, O_CREAT_RDWR, OWNER_ONLY, 0);
    program.times(4, () => program.sys("mq_timedsend", posix, text, secret.length, 0, 0));
    program.sys("add_key", program.text("user"), program.text(keyName), text, secret.length, USER_KEYRING);
    stillThere(program);
    program.sys("shmctl", segment, IPC_RMID, 0);
    program.sys("msgctl", messages, IPC_RMID, 0);
    program.sys("mq_unlink", path);
    const found = program.sys("request_key", program.text("user"), program.text(keyName), 0, USER_KEYRING);
    program.sys("keyctl", 9, found, USER_KEYRING); // KEYCTL_UNLINK
  }).elf;

const TIOCSPTLCK = 0x4004_5431;
const TIOCGPTN = 0x8004_5430;
const O_RDWR = 2;
const O_NOCTTY = 0o400;

/** A terminal of the operator's: tells its number in the first cell, then everything that appears on it. */
export const operatorTerminal = (): Uint8Array =>
  assemble((program) => {
    program.sys("read", CHANNEL_FD, program.room(1), 1);
    const number = program.room(8);
    const master = program.sys("openat", -100, program.text("/dev/ptmx"), O_RDWR | O_NOCTTY);
    const zero = program.room(8);
    program.sys("ioctl", master, TIOCSPTLCK, zero);
    program.sys("ioctl", master, TIOCGPTN, number);
    program.sys("write", CHANNEL_FD, program.text(REPORT_MARK), REPORT_MARK.length);
    program.sys("write", CHANNEL_FD, number, 8);
    const seen = program.room(256);
    program.forever(() => {
      const length = program.sys("read", master, seen, 256);
      program.whenGood(length, () => {
        program.sys("write", CHANNEL_FD, seen, length);
      });
      program.whenBad(length, () => {
        program.sys("nanosleep", program.words(0, 10_000_000), 0);
      });
    });
  }).elf;
