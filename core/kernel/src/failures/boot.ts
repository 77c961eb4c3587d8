import { type FailureTable } from "./failure-table.ts";

/** Failure codes of the area `boot`. */
export const BOOT_FAILURES = {
  "boot.manifest.missing": {
    action: "alarm",
    says: "there is no signed manifest; run `./crossguardian seal` on a tree you trust",
  },
  "boot.manifest.malformed": { action: "alarm", says: "the manifest is not one this version writes" },
  "boot.manifest.signature": {
    action: "alarm",
    says: "the manifest is not signed by the pinned key; do not reseal before you know who changed it",
  },
  "boot.key.unsafe": { action: "alarm", says: "the sealing key or its folder can be read or changed by others" },
  "boot.image.unknown": { action: "refuse", says: "the manifest has no image of this name" },
  "boot.image.changed": {
    action: "alarm",
    says: "the stored image differs from the manifest; remove its folder and it is made again",
  },
  "boot.guest.unmeasured": {
    action: "alarm",
    says: "kernel and images of the guests are not in the manifest; run `make images`, which seals them",
  },
  "boot.policy.unmeasured": { action: "alarm", says: "the flow policy is not one of the measured ones" },
  "boot.package.missing": { action: "refuse", says: "a package the image needs is not installed; run `npm ci`" },
  "boot.file.changed": {
    action: "alarm",
    says: "a measured file has other contents; run `./crossguardian seal` if the change was intended",
  },
  "boot.file.missing": {
    action: "alarm",
    says: "a measured file is gone; run `./crossguardian seal` if the change was intended",
  },
  "boot.file.extra": {
    action: "alarm",
    says: "a file that was not measured lies in a package; run `./crossguardian seal` if the change was intended",
  },
  "boot.file.mode": {
    action: "alarm",
    says: "a measured file has another mode; run `./crossguardian seal` if the change was intended",
  },
  "boot.file.kind": { action: "alarm", says: "a package holds something that is neither a plain file nor a folder" },
} as const satisfies FailureTable;
