import { type Message } from "@crossguardian/wire";
import { type ManagedDomain } from "./house.ts";

const SECCOMP_FILTER = 2;
const LAST_STANDARD_FD = 2;
const UNTOLD = 255;
const FIRST_MAPPED_UID = 65_536;

const NO_CAPABILITY = /^0{1,16}$/u;
const SOCKET_TARGET = /^socket:\[\d+\]$/u;

/** What a jail looks like from inside. */
type Inside = {
  readonly channelFd: number;
  readonly standardTarget: RegExp;
  /** The kernel inside says nothing of new privileges, and shows no map of its users. */
  readonly isOwnKernel: boolean;
};

const HOST_KERNEL: Inside = { channelFd: 3, standardTarget: /^(\/dev\/null|pipe:\[\d+\]|socket:\[\d+\])$/u, isOwnKernel: false };
// gVisor names what the host lent it so, and the channel is its standard input.
const GVISOR: Inside = { channelFd: 0, standardTarget: /^host:\[\d+\]$/u, isOwnKernel: true };

const insideOf = ({ isolation }: ManagedDomain): Inside => (isolation === "gvisor" ? GVISOR : HOST_KERNEL);
// What the event loop of Node opens for itself.
const LOOP_TARGET = /^(anon_inode:|pipe:\[\d+\]$|\/dev\/null$)/u;

// A domain that runs already has files of its own volume open; no other file lies under that path.
const VOLUME_TARGET = /^\/data\/[^/]/u;

const isExpectedFd = ({ channelFd, standardTarget }: Inside, entry: string, network: ManagedDomain["network"]): boolean => {
  const at = entry.indexOf(" ");
  const fd = Number(entry.slice(0, at));
  const target = entry.slice(at + 1);
  if (at < 1 || !Number.isInteger(fd)) return false;
  if (fd <= LAST_STANDARD_FD) return standardTarget.test(target);
  if (fd === channelFd || (network === "host" && SOCKET_TARGET.test(target))) return SOCKET_TARGET.test(target);
  return LOOP_TARGET.test(target) || VOLUME_TARGET.test(target);
};

const mapsRoot = (uidMap: string): boolean => {
  const [inside = "", outside = ""] = uidMap.split(" ");
  return inside === "0" && Number(outside) >= FIRST_MAPPED_UID;
};

/**
 * What a domain's self-test shows that its specification does not allow; empty: it may be routed
 * (DESIGN section 4; paper section IV-B, constraint 1). Nothing is asked of a domain of the driver `none`.
 */
export const checkSelfTest = (domain: ManagedDomain, hello: Message<"hello">): readonly string[] => {
  const wrong: string[] = [];
  if (hello.domain !== domain.name) wrong.push("name");
  if (!domain.jailed && domain.kind !== "network") return wrong;
  const inside = insideOf(domain);
  if (hello.noNewPrivs !== (inside.isOwnKernel ? UNTOLD : 1)) wrong.push(`noNewPrivs ${String(hello.noNewPrivs)}`);
  if (!NO_CAPABILITY.test(hello.capEff)) wrong.push("capEff");
  if (!domain.jailed) return wrong;
  if (hello.seccomp !== SECCOMP_FILTER) wrong.push(`seccomp ${String(hello.seccomp)}`);
  if (!inside.isOwnKernel && !mapsRoot(hello.uidMap)) wrong.push("uidMap");
  const isLoopbackOnly = hello.netDevices.length === 1 && hello.netDevices[0] === "lo";
  if (domain.network === "none" && !isLoopbackOnly) wrong.push(`netDevices ${String(hello.netDevices.length)}`);
  const fd = hello.openFds.find((each) => !isExpectedFd(inside, each, domain.network));
  if (fd !== undefined) wrong.push(`fd ${fd.split(" ")[0] ?? ""}`);
  return wrong;
};
