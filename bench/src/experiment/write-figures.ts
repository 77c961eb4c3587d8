import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { drawTimeline, type Plot, timelineCsv } from "./draw-timeline.ts";

/** Writes `NAME.csv` and `NAME.svg` into a folder, which is made; names both files. */
export const writeFigures = async (folder: string, name: string, plot: Plot): Promise<readonly string[]> => {
  mkdirSync(folder, { recursive: true });
  const csv = join(folder, `${name}.csv`);
  const svg = join(folder, `${name}.svg`);
  writeFileSync(csv, timelineCsv(plot));
  writeFileSync(svg, await drawTimeline(plot));
  return [csv, svg];
};
