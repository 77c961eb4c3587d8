import { connect } from "node:net";
import { networkInterfaces } from "node:os";

import { procText, viewOf } from "../cell/probe-run.ts";
import { type Program } from "../native/assemble.ts";
import { runPlain } from "../native/run-plain.ts";
import * as linux from "../native/constants.ts";
import { addressOf, sayTo, tell, tellFiles, throwAt } from "../native/steps.ts";
import { type Canary, type NativeProbe } from "../probe.ts";
import { secretTold, wordHeard } from "../stage/canaries.ts";
import { type Targets } from "../stage/targets.ts";

type Draft = Omit<NativeProbe, "group" | "id">;

const PAST_SWITCH = "speak to somebody past the switch";

const reaches = (says: string, to: (targets: Targets) => Targets["tcp"], act: (program: Program, listener: Targets["tcp"], word: string) => void, as?: NativeProbe["as"]): Draft => ({
  ...(as === undefined ? {} : { as }),
  threat: PAST_SWITCH,
  says,
  program: (program, targets) => act(program, to(targets), targets.word),
  canary: (targets) => wordHeard(to(targets), targets.word),
});

const tcp = (program: Program, { port }: { readonly port: number }, word: string): void => sayTo(program, linux.AF_INET, addressOf.inet(program, port), word);

/** Sockets of a kind that the kernel lists for the program's network namespace. */
const listed = (file: string): Canary => {
  // The program's own socket is told from others of the host by its inode.
  const inodesOf = (links: readonly string[]): readonly string[] => links.flatMap((link) => /^socket:\[(\d+)\]$/u.exec(link)?.[1] ?? []);
  return {
    tripped: ({ pid, before }) => {
      const known = new Set(inodesOf(before.descriptors));
      const words = new Set(procText(pid, `net/${file}`).split(/\s+/u));
      return inodesOf(viewOf(pid).descriptors).some((inode) => !known.has(inode) && words.has(inode));
    },
  };
};

const opens = (says: string, act: (program: Program) => void, canary: Canary): Draft => ({ threat: "open a socket of another kind", says, program: (program) => act(program), canary: () => canary });

const HOSTILE_PORT = 48_763;

const acceptsAt = async (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port })
      .once("connect", () => {
        socket.destroy();
        resolve(true);
      })
      .once("error", () => resolve(false));
  });

/** A device of the host other than lo was named. */
const deviceTold = (): Canary => {
  const names = Object.keys(networkInterfaces()).filter((name) => name !== "lo");
  return { tripped: ({ told }) => names.some((name) => told().includes(name)) };
};

const HOSTILE_ADDRESS = [127, 77, 77, 77] as const;

/** A message of rtnetlink(7) about an address of the first device. */
const address = (program: Program, type: number, flags: number): void => {
  const socket = program.sys("socket", linux.AF_NETLINK, linux.SOCK_RAW, 0);
  const message = [40, 0, 0, 0, type, 0, flags & 0xff, flags >> 8, 1, 0, 0, 0, 0, 0, 0, 0, linux.AF_INET, 32, 0, 0, 1, 0, 0, 0, 8, 0, 1, 0, ...HOSTILE_ADDRESS, 8, 0, 2, 0, ...HOSTILE_ADDRESS];
  program.sys("sendto", socket, program.bytes(Uint8Array.from(message)), message.length, 0, program.bytes(Uint8Array.from([linux.AF_NETLINK, ...new Uint8Array(11)])), 12);
};

const PROBES: Readonly<Record<string, Draft>> = {
  tcpAsPlugin: reaches("connect to the host over TCP, as a plugin", ({ tcp: to }) => to, tcp),
  tcpAsWitness: reaches("connect to the host over TCP, as a witness", ({ tcp: to }) => to, tcp, "witness"),
  tcpAsInteraction: reaches("connect to the host over TCP, as the interaction domain", ({ tcp: to }) => to, tcp, "interaction"),
  tcpAsRelay: reaches("connect to the host over TCP, as the relay domain", ({ tcp: to }) => to, tcp, "relay"),
  tcp6: reaches("connect to the host over IPv6", ({ tcp6 }) => tcp6, (program, { port }, word) => sayTo(program, linux.AF_INET6, addressOf.inet6(program, port), word)),
  udp: reaches("send a datagram to the host", ({ udp }) => udp, (program, { port }, word) => throwAt(program, linux.AF_INET, addressOf.inet(program, port), word)),
  mapped: reaches("connect to the host by an IPv4 address in an IPv6 socket", ({ tcp: to }) => to, (program, { port }, word) => {
    const [address, length] = addressOf.inet6(program, port);
    program.store64(address + 16, 0x0100007fffff0000n);
    sayTo(program, linux.AF_INET6, [address, length], word);
  }),
  fastOpen: reaches("send with the first packet (sendto with MSG_FASTOPEN)", ({ tcp: to }) => to, (program, { port }, word) => {
    const socket = program.sys("socket", linux.AF_INET, linux.SOCK_STREAM, 0);
    const [address, length] = addressOf.inet(program, port);
    program.sys("sendto", socket, program.text(word), word.length, 0x2000_0000, address, length);
  }),
  compatSocket: reaches("connect by a 32-bit system call", ({ tcp: to }) => to, (program, { port }, word) => {
    const socket = program.sys32(359, linux.AF_INET, linux.SOCK_STREAM, 0);
    const [address, length] = addressOf.inet(program, port);
    program.sys32(362, socket, address, length);
    program.sys32(4, socket, program.text(word), word.length);
  }),
  listen: {
    threat: "be reached past the switch",
    says: "listen on a port of the host",
    program: (program) => {
      const socket = program.sys("socket", linux.AF_INET, linux.SOCK_STREAM, 0);
      const [address, length] = addressOf.inet(program, HOSTILE_PORT);
      program.sys("bind", socket, address, length);
      program.sys("listen", socket, 8);
    },
    canary: () => ({ tripped: async () => acceptsAt(HOSTILE_PORT) }),
  },
  raw: opens("open a raw IP socket", (program) => program.sys("socket", linux.AF_INET, linux.SOCK_RAW, 1), listed("raw")),
  raw6: opens("open a raw IPv6 socket", (program) => program.sys("socket", linux.AF_INET6, linux.SOCK_RAW, 58), listed("raw6")),
  packet: opens("open a packet socket, to hear every frame of the machine", (program) => program.sys("socket", linux.AF_PACKET, linux.SOCK_RAW, 0x0300), listed("packet")),
  netlinkDevices: {
    threat: "see the host's network",
    says: "list the machine's network devices (netlink)",
    program: (program) => {
      const socket = program.sys("socket", linux.AF_NETLINK, linux.SOCK_RAW, 0);
      const ask = program.bytes(Uint8Array.from([32, 0, 0, 0, 18, 0, 1, 3, 1, ...new Uint8Array(23)])); // RTM_GETLINK, all of them
      program.sys("sendto", socket, ask, 32, 0, program.bytes(Uint8Array.from([linux.AF_NETLINK, ...new Uint8Array(11)])), 12);
      program.times(2, () => tell(program, socket));
    },
    canary: () => deviceTold(),
    deadlineMs: 800,
  },
  procDevices: {
    threat: "see the host's network",
    says: "list the machine's network devices (/proc)",
    program: (program) => tellFiles(program, ["/proc/self/net/dev", "/proc/net/dev", "/proc/1/net/dev"]),
    canary: () => deviceTold(),
  },
  addAddress: {
    threat: "change the host's settings",
    says: "give the machine another address (netlink)",
    program: (program) => address(program, 20, 0x605), // RTM_NEWADDR
    canary: ({ folder }) => ({
      tripped: ({ pid }) => procText(pid, "net/fib_trie").includes(HOSTILE_ADDRESS.join(".")),
      reset: () => runPlain(`${folder}/undo`, (program) => address(program, 21, 0x5)), // RTM_DELADDR
    }),
  },
};

const gatewayProbe = (says: string, at: (gateway: NonNullable<Targets["gateway"]>, program: Program) => readonly [number, readonly [number, number]], word: string, answer: string): Draft => ({
  threat: PAST_SWITCH,
  says,
  program: (program, { gateway }) => {
    if (gateway === null) return;
    const [family, address] = at(gateway, program);
    sayTo(program, family, address, word, true);
  },
  canary: () => secretTold(answer),
  deadlineMs: 1_500,
});

const BLOCK_NUMBER = '{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber","params":[]}';
const HTTP = `POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: ${BLOCK_NUMBER.length}\r\n\r\n${BLOCK_NUMBER}`;

/** Those that need the running gateway. */
const AGAINST_GATEWAY: Readonly<Record<string, Draft>> = {
  chainNode: gatewayProbe("ask a chain's node past the network domain and its list", ({ nodePort }, program) => [linux.AF_INET, addressOf.inet(program, nodePort)], HTTP, '"result":"0x'),
  orderer: gatewayProbe("speak to the relay chain's orderer past the relay domain", ({ ordererPort }, program) => [linux.AF_INET, addressOf.inet(program, ordererPort)], "", "\xc6\x9d"),
  launcher: gatewayProbe("ask the launcher over its control socket", ({ controlSocket }, program) => [linux.AF_UNIX, addressOf.unix(program, controlSocket)], '{"cmd":"domains"}\n', '"name":"interaction"'),
};

const probesOf = (drafts: Readonly<Record<string, Draft>>): readonly NativeProbe[] => Object.entries(drafts).map(([name, draft]) => ({ id: `network.${name}`, group: "network", ...draft }));

/** Attacks on the network. */
export const NETWORK_PROBES: readonly NativeProbe[] = probesOf(PROBES);
/** Those that aim at a running gateway. */
export const GATEWAY_NETWORK_PROBES: readonly NativeProbe[] = probesOf(AGAINST_GATEWAY);
