import { type CgroupLayout } from "./layout.ts";
import { type CgroupWrite } from "./plan.ts";

/** Disk rates of a leaf; null: no bound. */
export type IoRates = { readonly read?: number | null; readonly write?: number | null };

/** File in which the cpus of a leaf stand; null where the host has no cpuset controller. */
export const cpusFile = (layout: CgroupLayout, path: string): string | null => {
  const mount = layout.mode === "v2" ? layout.unified : layout.v1["cpuset"];
  return mount === undefined || mount === null ? null : `${mount}/${path}/cpuset.cpus`;
};

/** Writes that bound the disk rates of a leaf (v2 io.max; v1 blkio.throttle, which does not see writes that go through the page cache); null without a controller. */
export const ioWrites = (layout: CgroupLayout, path: string, device: string, { read, write }: IoRates): readonly CgroupWrite[] | null => {
  if (layout.mode === "v2") {
    const words = [["rbps", read] as const, ["wbps", write] as const].flatMap(([word, rate]) => (rate === undefined ? [] : [`${word}=${rate === null ? "max" : String(rate)}`]));
    return [{ file: `${String(layout.unified)}/${path}/io.max`, value: `${device} ${words.join(" ")}` }];
  }
  const mount = layout.v1["blkio"];
  if (mount === undefined) return null;
  return [["read", read] as const, ["write", write] as const].flatMap(([way, rate]) =>
    rate === undefined ? [] : [{ file: `${mount}/${path}/blkio.throttle.${way}_bps_device`, value: `${device} ${String(rate ?? 0)}` }],
  );
};
