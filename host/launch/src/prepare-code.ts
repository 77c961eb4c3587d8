import { join } from "node:path";
import { type Isolation } from "@crossguardian/isolation";
import { type CodeCache, type CodeKey, type HouseCode } from "./code-cache.ts";
import { domainSpecOf } from "./domain-plan.ts";
import { type HousePowers } from "./house-powers.ts";
import { type DomainEntry, type HouseSpec, isHostProcess, isolationOf } from "./house-spec.ts";
import { switchProcess, SWITCH_NAME } from "./keep-switch.ts";

/** Caches filled at a time. */
export const PARALLEL_FILLS_COUNT = 2;

type Use = { readonly name: string; readonly key: CodeKey; readonly fill: (folder: string) => Promise<boolean> };

const FIRST_EPOCH = 0n;
/** The driver `none` uses no cache, and a machine does not see the host's folders. */
const USES_CACHE: ReadonlySet<Isolation> = new Set(["oci", "gvisor"]);

const jailUse = (spec: HouseSpec, powers: HousePowers, entry: DomainEntry): Use => {
  const image = powers.image(entry.image).path;
  const domain = domainSpecOf(spec, entry, {
    image, nodePath: powers.nodePath, epoch: FIRST_EPOCH, volumePath: null, uidBase: powers.uidBase(entry.port), code: null,
  });
  return {
    name: entry.name,
    key: { nodeSha256: powers.nodeSha256, image, program: entry.entry, memoryBytes: entry.limits.memoryBytes, jailed: true },
    // Never with the host's network: the run meets nobody.
    fill: (folder) => powers.fillJailCode(isolationOf(spec, entry), { ...domain, network: "none" }, folder),
  };
};

const hostUse = (powers: HousePowers, name: string, image: string, at: { readonly program: string; readonly memoryBytes: number; readonly uid: number }): Use => ({
  name,
  key: { nodeSha256: powers.nodeSha256, image, program: at.program, memoryBytes: at.memoryBytes, jailed: false },
  fill: (folder) => powers.fillHostCode({ name, nodePath: powers.nodePath, hasNetwork: false, env: {}, keySlot: null, group: null, ...at }, folder),
});

const usesOf = (spec: HouseSpec, powers: HousePowers): readonly Use[] => {
  const { program, memoryBytes, uid, image } = switchProcess(powers);
  return [
    hostUse(powers, SWITCH_NAME, image, { program, memoryBytes, uid }),
    ...spec.domains.filter(isHostProcess).map((entry) => {
      const folder = powers.image(entry.image).path;
      const { memoryBytes: bytes } = entry.limits;
      return hostUse(powers, entry.name, folder, { program: join(folder, entry.entry), memoryBytes: bytes, uid: powers.uidBase(entry.port) + powers.uidOffset });
    }),
    // The driver `none` uses no cache.
    ...spec.domains.filter((entry) => !isHostProcess(entry) && USES_CACHE.has(isolationOf(spec, entry))).map((entry) => jailUse(spec, powers, entry)),
  ];
};

/** Makes the code caches of a house. */
export type CodeWork = {
  readonly caches: HouseCode;
  /**
   * Finds or fills them before anything of the house runs. What can not be had is left out and told: the domain then compiles its own
   * code at each start.
   */
  readonly prepare: (spec: HouseSpec) => Promise<void>;
  /** Has none filled any more, and waits for those that are being filled: a domain that does so has no keeper. */
  readonly end: () => Promise<void>;
};

/** None is prepared yet. */
export const makeCodeWork = (powers: HousePowers): CodeWork => {
  const caches = new Map<string, CodeCache>();
  let hasEnded = false;
  const isWanted = (): boolean => !hasEnded;
  let work = Promise.resolve();

  const ensure = async (uses: readonly Use[]): Promise<void> => {
    const [first] = uses;
    if (first === undefined || !isWanted()) return;
    let why = "not filled in time";
    const fill: Use["fill"] = async (folder) => isWanted() && first.fill(folder); // another launcher's may have been waited for
    const cache = await powers.codeStore.ensure(first.key, fill).catch((error: unknown) => {
      why = (error instanceof Error ? error.message : String(error)).slice(0, 300);
      return null;
    });
    if (cache !== null) for (const { name } of uses) caches.set(name, cache);
    else if (isWanted()) powers.record("code.absent", { name: first.name, why });
  };
  const ensureAll = async (spec: HouseSpec): Promise<void> => {
    const byKey = Map.groupBy(usesOf(spec, powers), ({ key }) => JSON.stringify(key));
    const left = [...byKey.values()];
    const worker = async (): Promise<void> => {
      for (let uses = left.shift(); uses !== undefined; uses = left.shift()) await ensure(uses);
    };
    await Promise.all(Array.from({ length: PARALLEL_FILLS_COUNT }, worker));
  };
  return {
    caches,
    prepare: async (spec) => (work = ensureAll(spec)),
    end: async () => {
      hasEnded = true;
      await work.catch(() => undefined);
    },
  };
};
