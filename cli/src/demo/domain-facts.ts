import { type House } from "@crossguardian/world";

/** One domain as the host's kernel shows it (proc and cgroup files), never as it says of itself. */
export type DomainFacts = {
  readonly gateway: string;
  readonly name: string;
  readonly kind: string;
  readonly pid: number;
  readonly driver: string;
  readonly seccomp: number;
  readonly noNewPrivs: number;
  readonly capEff: number;
  readonly netDevices: readonly string[];
  readonly memoryBytes: number;
  readonly memoryLimitBytes: number | null;
  /** Whether the domain's own self-test said the same. */
  readonly selfTest: string;
};

/** Asks a house's launcher for its domains. */
export const readDomains = async (house: House): Promise<readonly DomainFacts[]> => {
  const domains = await house.domains();
  return domains.map((domain) => ({
    gateway: house.name,
    name: domain.name,
    kind: domain.kind,
    pid: domain.pid ?? 0,
    driver: domain.driver,
    seccomp: domain.facts?.seccomp ?? -1,
    noNewPrivs: domain.facts?.noNewPrivs ?? -1,
    capEff: domain.facts === null ? -1 : Number(BigInt(`0x${domain.facts.capEff}`)),
    netDevices: domain.facts?.netDevices ?? [],
    memoryBytes: domain.facts?.memoryUsageBytes ?? 0,
    memoryLimitBytes: domain.facts?.memoryLimitBytes ?? null,
    selfTest: domain.selfTest ?? "",
  }));
};
