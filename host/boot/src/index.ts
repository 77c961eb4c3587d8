export {
  DEFAULT_STATE_DIR,
  imageDigest,
  materialise,
  materialiseNode,
  storedDigest,
  storedNodeDigest,
} from "./adapters/materialise.ts";
export { imagesOf } from "./adapters/installed-images.ts";
export { domuDirOf, guestDirOf, nodePathOf, seal, trustDirOf, type BootPlaces } from "./adapters/seal.ts";
export { measureSizes, type DomainSize } from "./adapters/sizes.ts";
export { findDifferences, imageOf, loadManifest, verify } from "./adapters/verify.ts";
export { BASE_IMAGE, IMAGES, type ImageRoot, type ImageTable } from "./image-table.ts";
export { GUEST_FILES } from "./adapters/host-files.ts";
export {
  imageListing,
  type Manifest,
  type MeasuredFile,
  type MeasuredImage,
  type MeasuredLink,
} from "./manifest.ts";
