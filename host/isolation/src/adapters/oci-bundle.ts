import { chownSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { cgroupPath } from "../cgroup/plan.ts";
import { mountPoints, type OciConfig } from "../oci-config.ts";
import { isDirectory } from "./files.ts";
import { type BundlePaths } from "./oci-launch.ts";

const FOLDER = "isolation";

/** Everything this driver keeps on disk lies in here. */
export const isolationFolder = (runDir: string): string => `${runDir}/${FOLDER}`;

/** Paths of a domain's bundle; distinct for each domain of a run directory. */
export const bundlePaths = (runDir: string, instance: string, name: string): BundlePaths => {
  const bundle = `${isolationFolder(runDir)}/bundles/${name}`;
  return {
    bundle,
    pidFile: `${bundle}/pid`,
    logFile: `${bundle}/runtime.log`,
    runtimeRoot: `${isolationFolder(runDir)}/runtime`,
    containerId: cgroupPath(instance, name).replaceAll("/", "."),
  };
};

/** Writes configuration and an empty root with mount points; throws EEXIST where the bundle exists. */
export const writeBundle = (paths: BundlePaths, config: OciConfig, configuration: string, uidBase: number): void => {
  mkdirSync(dirname(paths.bundle), { recursive: true });
  mkdirSync(paths.runtimeRoot, { recursive: true });
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
};

/** Removes the runtime's record of a container that ended without it, so that the name can start again. */
export const forgetContainer = (paths: BundlePaths): void => {
  rmSync(`${paths.runtimeRoot}/${paths.containerId}`, { recursive: true, force: true });
};

/** Removes a domain's bundle and the runtime's record of it. Its mounts lay in a namespace that died with it. */
export const removeBundle = (paths: BundlePaths): void => {
  rmSync(paths.bundle, { recursive: true, force: true });
  forgetContainer(paths);
};
