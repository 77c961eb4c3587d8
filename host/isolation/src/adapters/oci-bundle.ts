import { chownSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { cgroupPath } from "../cgroup/plan.ts";
import { type RuntimePaths } from "../container-runtime.ts";
import { mountPoints, type OciConfig } from "../oci-config.ts";
import { isDirectory } from "./files.ts";
import { makeRuntimeRoot, runtimeRootOf } from "./runtime-root.ts";

const FOLDER = "isolation";

/** Everything this driver keeps on disk lies in here; what its runtime notes, see {@link runtimeRootOf}. */
export const isolationFolder = (runDir: string): string => `${runDir}/${FOLDER}`;

/** Paths of a domain's bundle; distinct for each domain of a run directory. */
export const bundlePaths = (runDir: string, instance: string, name: string): RuntimePaths => {
  const bundle = `${isolationFolder(runDir)}/bundles/${name}`;
  return {
    bundle,
    pidFile: `${bundle}/pid`,
    logFile: `${bundle}/runtime.log`,
    key: `${bundle}/key`,
    runtimeRoot: runtimeRootOf(isolationFolder(runDir)),
    containerId: cgroupPath(instance, name).replaceAll("/", "."),
  };
};

/** Writes configuration and an empty root with mount points; throws EEXIST where the bundle exists. */
export const writeBundle = (paths: RuntimePaths, config: OciConfig, configuration: string, uidBase: number): void => {
  mkdirSync(dirname(paths.bundle), { recursive: true });
  makeRuntimeRoot(paths.runtimeRoot);
  mkdirSync(paths.bundle);
  const root = `${paths.bundle}/${config.root.path}`;
  const { directories, files } = mountPoints(config, isDirectory);
  for (const directory of directories) mkdirSync(root + directory, { recursive: true });
  for (const file of files) {
    mkdirSync(dirname(root + file), { recursive: true });
    writeFileSync(root + file, "");
  }
  // The runtime, as root of the domain's user namespace, makes links here before the root turns read-only.
  chownSync(`${root}/dev`, uidBase, uidBase);
  writeFileSync(`${paths.bundle}/config.json`, configuration);
  writeFileSync(paths.key, "");
};

/** Removes the runtime's record of a container that ended without it, so that the name can start again. */
export const forgetContainer = ({ runtimeRoot, containerId }: RuntimePaths): void => {
  if (!isDirectory(runtimeRoot)) return;
  // crun keeps a folder of that name, runsc files whose names go on after an underscore.
  const mine = readdirSync(runtimeRoot).filter((name) => name === containerId || name.startsWith(`${containerId}_`));
  for (const name of mine) rmSync(`${runtimeRoot}/${name}`, { recursive: true, force: true });
};

/** Removes a domain's bundle and the runtime's record of it. Its mounts lay in a namespace that died with it. */
export const removeBundle = (paths: RuntimePaths): void => {
  rmSync(paths.bundle, { recursive: true, force: true });
  forgetContainer(paths);
};
