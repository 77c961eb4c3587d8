import { tmpdir } from "node:os";
import { join } from "node:path";

import { type ExperimentOptions } from "@crossguardian/bench";

import { inOwnPlaces } from "./own-places.ts";

/** Runs an experiment in folders of its own. */
export const inOwnFolders = async <T>(wanted: Pick<ExperimentOptions, "perSecond" | "seconds">, run: (options: ExperimentOptions, folder: string) => Promise<T>): Promise<T> =>
  inOwnPlaces(tmpdir(), async ({ root, places, signal, write }) => run({ ...places, signal, write, ...wanted }, join(root, "figures")));
