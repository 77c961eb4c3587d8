/** Cores by what they can do; where all are alike both classes hold all of them (paper section V-E). */
export type CpuClasses = { readonly all: readonly number[]; readonly big: readonly number[]; readonly little: readonly number[] };

/** Highest cpu number that is read of a list. */
const MAX_CPU = 1_023;

/** Reads a list of the kernel's form, such as `0-1,3` (cpuset(7)); null for anything else, or when it is empty. */
export const parseCpus = (untrustedText: string): readonly number[] | null => {
  const cpus = new Set<number>();
  for (const part of untrustedText.trim().split(",")) {
    const [, first, last = first] = /^(\d{1,4})(?:-(\d{1,4}))?$/u.exec(part) ?? [];
    if (first === undefined || Number(last) > MAX_CPU || Number(first) > Number(last)) return null;
    for (let cpu = Number(first); cpu <= Number(last); cpu += 1) cpus.add(cpu);
  }
  return [...cpus].sort((left, right) => left - right);
};

/** The list in the kernel's form. */
export const formatCpus = (cpus: readonly number[]): string => cpus.join(",");

/**
 * Sorts cores into classes by their capacity, or where the kernel tells none, by their highest frequency: those with the most are big, the others little.
 * @param capacity of each core; null where nothing is told
 */
export const cpuClassesOf = (capacity: ReadonlyMap<number, number | null>): CpuClasses => {
  const all = [...capacity.keys()].sort((left, right) => left - right);
  const known = [...capacity.values()].filter((each) => each !== null);
  const most = Math.max(...known);
  if (known.length < all.length || known.every((each) => each === most)) return { all, big: all, little: all };
  return { all, big: all.filter((cpu) => capacity.get(cpu) === most), little: all.filter((cpu) => capacity.get(cpu) !== most) };
};
